/* Settings of a domain. */
#include "core/job/domain_set.h"

#include <string.h>

#include "core/base/alloc.h"
#include "core/job/change_push.h"
#include "core/job/export_activate.h"
#include "core/model/life/domain_life.h"
#include "core/model/setting/setting.h"
#include "core/mta/push/backend_choose.h"

struct work {
	const char *typed;
	const struct setting_pair *pair;
	size_t count;
};

static int export_if_hosted(struct session *session, const struct domain *domain,
                            struct err *err)
{
	bool is_hosted;
	int r = setting_is(session->store, SET_DNS_SERVICE, domain->id, "hosted",
	                   &is_hosted, err);
	return r < 0 || !is_hosted ? r : export_activate_if_awaited(session, domain, err);
}

/* A value that the mail server does not support is refused, as for the server. */
static int check_backend(struct session *session, const struct domain *domain,
                         enum setting_key key, struct err *err)
{
	auto_free char *text = NULL;
	int r = setting_text(session->store, key, domain->id, &text, err);
	return r < 0 ? r
	             : backend_check_domain_setting(&session->ctx, session->store,
	                                            domain->name, setting_table[key].key,
	                                            text, err);
}

static int change_pairs(struct session *session, void *arg, struct err *err)
{
	const struct work *work = arg;
	auto_domain domain = DOMAIN_INIT;
	int r = session_domain(session, work->typed, &domain, err);
	for (size_t i = 0; r >= 0 && i < work->count; i++) {
		const struct setting_pair *pair = &work->pair[i];
		r = domain_life_set(session->store, &session->ctx, &domain, pair->key,
		                    pair->text, err);
		if (r >= 0 && pair->text)
			r = check_backend(session, &domain, pair->key, err);
		if (r >= 0 && pair->key == SET_DNS_SERVICE)
			r = export_if_hosted(session, &domain, err);
	}
	if (r >= 0)
		setting_advise(session->store, &session->ctx);
	return r;
}

int domain_set_run(struct session *session, const char *typed,
                   const struct setting_pair *pair, size_t count, struct err *err)
{
	struct work work = { typed, pair, count };
	return change_push_run(session, CHANGE_PUSHED, change_pairs, &work, err);
}
