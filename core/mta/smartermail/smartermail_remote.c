/* Settings of a SmarterMail server, one by one. */
#include "core/mta/smartermail/smartermail_remote.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/smartermail/smartermail_antispam.h"

/* A login, a look-up, a change and its reading back. */
#define LIMIT_NS (30 * NS_PER_SEC)

enum what { WHAT_KEY, WHAT_SIGNING, WHAT_ANTISPAM };

struct address {
	enum what what;
	char *domain;
	int64_t bits;
	enum sm_group group;
};

static void address_done(struct address *address)
{
	free(address->domain);
}
#define auto_address cleanup(address_done) struct address

static int parse(const char *name, struct address *address, struct err *err)
{
	const char *blank = strchr(name, ' '), *rest = blank ? blank + 1 : "";
	if (text_starts(name, "antispam "))
		for (int group = 0; group < SM_GROUPS; group++)
			if (strcmp(rest, sm_group_names[group]) == 0) {
				address->what = WHAT_ANTISPAM;
				address->group = (enum sm_group)group;
				return 0;
			}
	if (blank)
		address->domain = xmemdup(name, (size_t)(blank - name));
	address->what = WHAT_SIGNING;
	if (blank && strcmp(rest, "dkim") == 0)
		return 0;
	address->what = WHAT_KEY;
	if (text_starts(rest, "dkim-key-") &&
	    text_to_int(rest + strlen("dkim-key-"), 512, 16384, &address->bits))
		return 0;
	return err_set(err, ERR_FAILED, _("SmarterMail has no setting \"%s\""), name);
}

static void set_value(struct remote_value *value, const char *text)
{
	value->is_set = text != NULL;
	if (text)
		secret_set(&value->text, text, strlen(text));
}

void sm_key_value(const struct sm_domain *domain, struct remote_value *ret_value)
{
	bool is_made = domain->active.selector || domain->pending.selector;
	set_value(ret_value, is_made ? SM_KEY_MADE : NULL);
}

void sm_signing_value(const struct sm_domain *domain, struct remote_value *ret_value)
{
	set_value(ret_value, domain->is_active ? domain->active.selector : NULL);
}

static int get(struct ctx *ctx, const struct remote_server *server, const char *name,
               int64_t deadline, struct remote_value *ret_value, struct err *err)
{
	auto_address address = { 0 };
	auto_buf lines = BUF_INIT;
	struct sm_session *session;
	const struct sm_domain *domain;
	bool is_set;
	int r = parse(name, &address, err);
	if (r == 0)
		r = sm_session(ctx, server, &session, err);
	if (r == 0 && address.what == WHAT_ANTISPAM) {
		r = sm_antispam_get(session, address.group, deadline, &is_set, &lines,
		                    err);
		if (r == 0)
			set_value(ret_value, is_set ? buf_text(&lines) : NULL);
		return r;
	}
	if (r == 0)
		r = sm_domain(session, address.domain, true, deadline, &domain, err);
	if (r == 0 && address.what == WHAT_KEY)
		sm_key_value(domain, ret_value);
	else if (r == 0)
		sm_signing_value(domain, ret_value);
	return r;
}

static int set(struct ctx *ctx, const struct remote_server *server, const char *name,
               int64_t deadline, const struct remote_value *value, struct err *err)
{
	auto_address address = { 0 };
	struct sm_session *session;
	auto_free char *text =
		value->is_set ? xmemdup(value->text.at, value->text.len) : NULL;
	int r = parse(name, &address, err);
	if (r == 0)
		r = sm_session(ctx, server, &session, err);
	if (r != 0)
		return r;
	if (address.what == WHAT_ANTISPAM)
		return text ? sm_antispam_set(session, address.group, text, deadline, err)
		            : 0; /* what this server never had */
	if (address.what == WHAT_KEY)
		return text ? sm_make_key(session, address.domain, address.bits, deadline,
		                          err)
		            : sm_drop_pending_key(session, address.domain, deadline, err);
	return text ? sm_sign(session, address.domain, text, deadline, err)
	            : sm_stop_signing(session, address.domain, deadline, err);
}

const struct remote_type smartermail_remote = {
	.name = "smartermail",
	.limit_ns = LIMIT_NS,
	.get = get,
	.set = set,
};
