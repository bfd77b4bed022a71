/*
 * What a session for a customer may read and change (core/model/domain/access.h).
 *
 * The message about a domain of another account is the same as about one that does not exist.  A
 * push or an export after a change concerns every domain: its messages are logged for the
 * administrator, and the customer gets a general sentence.
 */
#include "core/job/session.h"

#include "core/base/alloc.h"
#include "core/model/domain/access.h"
#include "dnszone/name/name.h"

bool session_is_customer(const struct session *session)
{
	return session->customer != NULL;
}

int session_no_domain(const struct session *session, const char *name, struct err *err)
{
	return err_set(err, ERR_MISSING,
	               _("%s is not a domain that the account %s manages; run "
	                 "\"mailauthctl domain list\" to list its domains"),
	               name, session->customer);
}

int session_owns(struct session *session, int64_t domain_id, bool *ret_owns,
                 struct err *err)
{
	int r = 1;
	if (session_is_customer(session))
		r = access_owns(session->store, session->customer, domain_id, err);
	if (r < 0)
		return r;
	*ret_owns = r > 0;
	return 0;
}

int session_query_domains(struct session *session, int64_t main_id, const char *prefix,
                          struct stmt **ret_domains, struct err *err)
{
	return session_is_customer(session)
	               ? access_query(session->store, session->customer, main_id, prefix,
	                              ret_domains, err)
	               : domain_query(session->store, main_id, prefix, ret_domains, err);
}

int session_look(struct session *session, const char *name, struct domain *ret_domain,
                 struct err *err)
{
	bool owns = false;
	auto_domain domain = DOMAIN_INIT;
	int r = domain_look(session->store, name, &domain, err);
	if (r > 0)
		r = session_owns(session, domain.id, &owns, err);
	if (r < 0)
		return r;
	if (!owns)
		return session_is_customer(session)
		               ? session_no_domain(session, name, err)
		               : 0;
	*ret_domain = domain;
	domain = DOMAIN_INIT;
	return 1;
}

int session_domain(struct session *session, const char *typed, struct domain *ret_domain,
                   struct err *err)
{
	char name[NAME_SIZE];
	if (!session_is_customer(session))
		return domain_find(session->store, typed, ret_domain, err);
	int r = name_parse_domain(typed, name, err);
	if (r >= 0)
		r = session_look(session, name, ret_domain, err);
	return r < 0 ? r : 0;
}

int session_main_name(struct session *session, const struct domain *domain,
                      const char **ret_name, struct err *err)
{
	bool owns = false;
	int r = domain->main_id ? session_owns(session, domain->main_id, &owns, err) : 0;
	if (r >= 0)
		*ret_name = owns ? domain->main_name : NULL;
	return r;
}

int session_check_keys_of(struct session *session, const struct domain *domain,
                          struct err *err)
{
	bool owns = true;
	int r = domain->main_id ? session_owns(session, domain->main_id, &owns, err) : 0;
	if (r >= 0 && !owns)
		r = err_set(
			err, ERR_FAILED,
			_("%s is an alias and signs with the keys of a domain that the "
		          "account %s does not manage"),
			domain->name, session->customer);
	return r;
}

/* ---- what a customer does not hear ------------------------------------------------------------- */

static void log_for_administrator(const struct session *session, const char *text)
{
	if (session->observer.log)
		session->observer.log(session->observer.arg, text);
}

bool session_hides(const struct session *session, enum report_level level,
                   const char *text)
{
	if (!session_is_customer(session) || !session->hidden)
		return false;
	if (level >= REPORT_WARNING)
		log_for_administrator(session, text);
	return true;
}

int session_hide_failure(struct session *session, int r, const char *sentence,
                         struct err *err)
{
	/* an export contains pushes, and its sentence counts */
	if (r >= 0 || !session_is_customer(session) || session->hidden)
		return r;
	log_for_administrator(session, err->text);
	if (r == ERR_BUSY)
		return err_set(err, ERR_BUSY,
		               _("another change is in progress and did not finish in "
		                 "time; try again later"));
	if (r == ERR_CANCELLED)
		return err_set(err, ERR_CANCELLED, _("interrupted"));
	return err_set(err, ERR_FAILED, "%s", _(sentence));
}
