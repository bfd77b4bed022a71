/* The most recent changes are the most likely to be wrong: the index of generations lists them. */
#include "core/mta/doctor/doctor_sample.h"

#include "core/base/alloc.h"
#include "core/base/names.h"
#include "core/mta/push/backend_choose.h"

int doctor_sample(struct doctor *d,
                  int (*each)(void *arg, const struct domain *domain, struct err *err),
                  void *arg, size_t *ret_left, struct err *err)
{
	auto_names names = { 0 };
	int64_t all = 0;
	int r = domain_count(d->store, &all, err);
	if (r >= 0)
		r = domain_newest(d->store, d->is_all ? -1 : DOCTOR_DOMAINS, &names, err);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		auto_domain domain = DOMAIN_INIT;
		r = domain_look(d->store, names.name[i], &domain, err);
		if (r > 0)
			r = domain.is_suspended ? 0 : each(arg, &domain, err);
		if (r > 0)
			break;
	}
	if (r >= 0)
		*ret_left = (size_t)all - names.count;
	return r;
}

int doctor_open_records(struct doctor *d, struct env *env, struct records **ret_records,
                        enum zone_format *ret_format, struct err *err)
{
	auto_free char *hostname = NULL;
	int r = backend_hostname(d->ctx, d->store, &hostname, err);
	if (r >= 0)
		r = env_load(d->ctx, d->store, hostname, env, err);
	if (r >= 0)
		r = records_new(d->store, env, ret_records, err);
	return r < 0 ? r : zone_format_now(d->store, ret_format, err);
}
