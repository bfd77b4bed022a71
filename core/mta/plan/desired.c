/*
 * core/mta/plan/desired.c: the desired state, as a backend's plan() reads it.  Pure: rows come from where
 * the caller says.
 */
#include "core/mta/plan/desired.h"

#include <stdlib.h>

#include "core/model/setting/spf_setting.h"

void desired_done(struct desired *desired)
{
	spf_setting_done(&desired->spf);
	free(desired->dmarc_exceptions);
	free(desired->srs_domain);
	free(desired->srs_excluded);
	free(desired->authserv_id);
	free(desired->trusted_relays);
	free(desired->signing_networks);
	free(desired->filter);
	free(desired->filter_position);
	free(desired->directory_path);
	*desired = (struct desired){ 0 };
}

#define HAS(desired, what) ((desired)->rows && (desired)->rows->what)

int desired_each_signing(const struct desired *desired, desired_signing_fn *each,
                         void *arg, struct err *err)
{
	return desired_each_signing_of(desired, NULL, each, arg, err);
}

int desired_each_signing_of(const struct desired *desired, const char *name,
                            desired_signing_fn *each, void *arg, struct err *err)
{
	return desired->signs && HAS(desired, each_signing)
	               ? desired->rows->each_signing(desired->source, name, each, arg,
	                                             err)
	               : 0;
}

static int end_at_first(void *arg, const struct signing_row *row, struct err *err)
{
	(void)arg, (void)row, (void)err;
	return 1;
}

int desired_has_signing(const struct desired *desired, bool *ret_has, struct err *err)
{
	int r = desired_each_signing(desired, end_at_first, NULL, err);
	if (r < 0)
		return r;
	*ret_has = r > 0;
	return 0;
}

int desired_server_signing(const struct desired *desired, const char *name,
                           char **ret_selector, struct err *err)
{
	*ret_selector = NULL;
	return desired->signs && HAS(desired, server_signing)
	               ? desired->rows->server_signing(desired->source, name,
	                                               ret_selector, err)
	               : 0;
}

int desired_wish(const struct desired *desired, const char *name,
                 struct signing_wish *ret_wish, struct err *err)
{
	*ret_wish = (struct signing_wish){ 0 };
	return HAS(desired, wish)
	               ? desired->rows->wish(desired->source, name, ret_wish, err)
	               : 0;
}

int desired_records(const struct desired *desired, const char *name, bool *ret_is_there,
                    struct record_list *ret_list, struct err *err)
{
	*ret_is_there = false;
	return HAS(desired, records) ? desired->rows->records(desired->source, name,
	                                                      ret_is_there, ret_list, err)
	                             : 0;
}

int desired_base(const struct desired *desired, const char *url, const char *setting,
                 bool *ret_owns, struct remote_value *ret_base, struct err *err)
{
	*ret_owns = false;
	*ret_base = (struct remote_value){ 0 };
	return HAS(desired, base) ? desired->rows->base(desired->source, url, setting,
	                                                ret_owns, ret_base, err)
	                          : 0;
}

int desired_each_moved(const struct desired *desired, desired_name_fn *each, void *arg,
                       struct err *err)
{
	return HAS(desired, each_moved)
	               ? desired->rows->each_moved(desired->source, desired->since, each,
	                                           arg, err)
	               : 0;
}

int desired_each_sharing(const struct desired *desired, const char *name,
                         desired_name_fn *each, void *arg, struct err *err)
{
	return HAS(desired, each_sharing) ? desired->rows->each_sharing(
						    desired->source, name, each, arg, err)
	                                  : 0;
}

int desired_each_name(const struct desired *desired, desired_name_fn *each, void *arg,
                      struct err *err)
{
	return HAS(desired, each_name)
	               ? desired->rows->each_name(desired->source, each, arg, err)
	               : 0;
}

int desired_each_owned(const struct desired *desired, const char *domain,
                       desired_name_fn *each, void *arg, struct err *err)
{
	return HAS(desired, each_owned) ? desired->rows->each_owned(
						  desired->source, domain, each, arg, err)
	                                : 0;
}

int desired_owns(const struct desired *desired, const char *path, bool *ret_owns,
                 struct err *err)
{
	*ret_owns = false;
	return HAS(desired, owns)
	               ? desired->rows->owns(desired->source, path, ret_owns, err)
	               : 0;
}

int desired_pushed(const struct desired *desired, const char *path, int64_t limit,
                   struct buf *into, struct err *err)
{
	return HAS(desired, pushed)
	               ? desired->rows->pushed(desired->source, path, limit, into, err)
	               : 0;
}

int desired_key_pem(const struct desired *desired, int64_t key_id, struct secret *ret_pem,
                    struct err *err)
{
	return desired->rows->key_pem(desired->source, key_id, ret_pem, err);
}

int desired_srs_secrets(const struct desired *desired, struct secret *ret_lines,
                        struct err *err)
{
	return HAS(desired, srs_secrets)
	               ? desired->rows->srs_secrets(desired->source, ret_lines, err)
	               : 0;
}
