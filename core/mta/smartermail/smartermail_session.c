/*
 * SmarterMail's REST interface, as its public clients use it.
 *
 * Tokens expire: a 401 renews them once, then logs in again.  Routes differ between builds: those of the
 * system administrator come first, 404 and 405 lead to those of the domain's administrator, with a token
 * that "manage-domain" hands out.  A request that was refused with 401 was not carried out, so it may be
 * repeated; no other is.
 */
#include "core/mta/smartermail/smartermail_session.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/remote/credentials.h"
#include "core/mta/remote/http.h"

#define API "/api/v1/"
#define SYSADMIN "settings/sysadmin/"
#define DOMAIN "settings/domain/"
enum { MESSAGE_MAX = 300 };

struct sm_session {
	char *url;
	struct http *http;
	struct credentials account;
	struct secret access, refresh; /* each with its NUL */
	struct secret domain_token;    /* of domain_name's administrator */
	char *domain_name;
	bool has_domain_routes_only; /* no sysadmin/dkim-* here */
	struct sm_domain **domain;
	size_t domains, room;
};

/* ---- life -------------------------------------------------------------------------------------- */

static void key_done(struct sm_key *key)
{
	free(key->selector);
	free(key->public_key);
	*key = (struct sm_key){ 0 };
}

static void session_close(void *at)
{
	struct sm_session *session = at;
	for (size_t i = 0; i < session->domains; i++) {
		key_done(&session->domain[i]->active);
		key_done(&session->domain[i]->pending);
		free(session->domain[i]->name);
		free(session->domain[i]);
	}
	free(session->domain);
	http_free(session->http);
	credentials_done(&session->account);
	secret_done(&session->access);
	secret_done(&session->refresh);
	secret_done(&session->domain_token);
	free(session->domain_name);
	free(session->url);
	free(session);
}

int sm_session(struct ctx *ctx, const struct remote_server *server,
               struct sm_session **ret_session, struct err *err)
{
	auto_free char *name = xasprintf("smartermail %s %s", server->url,
	                                 server->credentials ? server->credentials : "");
	struct sm_session *session = ctx_kept(ctx, name);
	if (session) {
		*ret_session = session;
		return 0;
	}
	if (!server->credentials || !*server->credentials)
		return err_set(
			err, ERR_FAILED,
			_("SmarterMail requires an account: write it to a file of mode "
		          "0600 and run \"mailauthctl server set "
		          "mta.credentials-file <path>\""));
	session = xcalloc(1, sizeof(*session));
	session->url = xstrdup(server->url);
	int r = credentials_read(ctx, server->credentials, &session->account, err);
	if (r == 0)
		r = http_new(server->url, session->account.pin, &session->http, err);
	if (r != 0) {
		session_close(session);
		return r;
	}
	ctx_keep(ctx, name, session, session_close);
	*ret_session = session;
	return 0;
}

/* ---- requests ---------------------------------------------------------------------------------- */

static bool has(const struct secret *token)
{
	return token->at != NULL;
}

static bool is_in(const struct secret *token, const char *text)
{
	return has(token) && strstr(text, (const char *)token->at) != NULL;
}

/* What the server says of a failure; "" if that is empty, or would show a secret. */
static char *message_of(const struct sm_session *session, const char *text, size_t len)
{
	char *message = xmemdup(text, len < MESSAGE_MAX ? len : MESSAGE_MAX);
	if (credentials_are_in(&session->account, message) ||
	    is_in(&session->access, message) || is_in(&session->refresh, message) ||
	    is_in(&session->domain_token, message))
		*message = '\0';
	return message;
}

static int transmit(struct sm_session *session, const struct secret *token,
                    const char *method, const char *path, const struct jsdoc *content,
                    int64_t deadline, struct http_answer *ret_answer, struct err *err)
{
	auto_secret text = SECRET_INIT;
	bool is_post = strcmp(method, "POST") == 0;
	auto_free char *whole = xasprintf(API "%s", path);
	if (content)
		jsdoc_write(content, &text);
	const struct http_request request = {
		.method = method,
		.path = whole,
		.type = is_post ? "application/json" : NULL,
		.content = content ? (const char *)text.at : "{}",
		.bearer = token ? (const char *)token->at : NULL,
		.deadline = deadline,
	};
	return http_ask(session->http, &request, ret_answer, err);
}

static int refuse(const struct sm_session *session, const char *path, long status,
                  const char *text, size_t len, struct err *err)
{
	auto_free char *message = message_of(session, text, len);
	return err_set(err, ERR_FAILED, _("%s refuses \"%s\" (HTTP %ld)%s%s"),
	               session->url, path, status, *message ? ": " : "", message);
}

/* The object of a 2xx answer. */
static int read_answer(const struct sm_session *session, const char *path,
                       const struct http_answer *answer, struct jsdoc **ret_doc,
                       struct err *err)
{
	const struct buf *content = &answer->content;
	if (answer->status == 404 || answer->status == 405)
		return err_set(err, ERR_MISSING, _("%s has no \"%s\" (HTTP %ld)"),
		               session->url, path, answer->status);
	if (answer->status / 100 != 2)
		return refuse(session, path, answer->status,
		              answer->status == 400 ? buf_text(content) : "",
		              answer->status == 400 ? content->len : 0, err);
	struct jsdoc *doc = jsdoc_read(buf_text(content), content->len);
	if (!doc)
		return err_set(err, ERR_FAILED,
		               _("%s answers \"%s\" with something that is not a JSON "
		                 "object: is mta.url the address of SmarterMail?"),
		               session->url, path);
	bool is_done;
	if (jsdoc_bool(jsdoc_get(doc, "success"), &is_done) && !is_done) {
		/* its answer about an unknown domain */
		if (text_starts(path, SYSADMIN "domain/")) {
			jsdoc_free(doc);
			return err_set(err, ERR_MISSING, _("%s has no \"%s\" (HTTP %ld)"),
			               session->url, path, answer->status);
		}
		const char *message = jsdoc_text(jsdoc_get(doc, "message"));
		int r = refuse(session, path, answer->status, message ? message : "",
		               message ? strlen(message) : 0, err);
		jsdoc_free(doc);
		return r;
	}
	*ret_doc = doc;
	return 0;
}

/* ---- tokens ------------------------------------------------------------------------------------ */

static bool take_token(struct secret *token, const struct jsdoc *doc, const char *key)
{
	const char *text = jsdoc_text(jsdoc_get(doc, key));
	if (!text || !*text)
		return false;
	secret_set(token, text, strlen(text) + 1);
	token->len--;
	return true;
}

static int log_in(struct sm_session *session, int64_t deadline, struct err *err)
{
	auto_jsdoc *content = jsdoc_new(), *doc = NULL;
	auto_answer answer = HTTP_ANSWER_INIT;
	static const char path[] = "auth/authenticate-user";
	jsdoc_set_text(content, "username", (const char *)session->account.user.at);
	jsdoc_set_text(content, "password", (const char *)session->account.password.at);
	int r = transmit(session, NULL, "POST", path, content, deadline, &answer, err);
	if (r != 0)
		return r;
	r = read_answer(session, path, &answer, &doc, err);
	if (r != 0 && (answer.status / 100 == 2 || answer.status == 400 ||
	               answer.status == 401 || answer.status == 403))
		return err_prefix(err, "%s", _("the account in mta.credentials-file"));
	if (r != 0)
		return r;
	if (jsdoc_is_true(doc, "changePasswordNeeded"))
		return err_set(err, ERR_FAILED,
		               _("%s wants the account in mta.credentials-file to change "
		                 "its password first"),
		               session->url);
	bool is_admin;
	if (jsdoc_bool(jsdoc_get(doc, "isAdmin"), &is_admin) && !is_admin)
		return err_set(err, ERR_FAILED,
		               _("the account in mta.credentials-file is not a system "
		                 "administrator of %s"),
		               session->url);
	if (!take_token(&session->access, doc, "accessToken"))
		return err_set(err, ERR_FAILED,
		               _("%s accepts the account in mta.credentials-file, but "
		                 "gives no token: a second factor cannot be used here"),
		               session->url);
	(void)take_token(&session->refresh, doc, "refreshToken");
	return 0;
}

/* Whether a new token came; the caller logs in otherwise. */
static bool renew(struct sm_session *session, int64_t deadline)
{
	auto_jsdoc *content = jsdoc_new(), *doc = NULL;
	auto_answer answer = HTTP_ANSWER_INIT;
	struct err ignored = ERR_INIT;
	if (!has(&session->refresh))
		return false;
	jsdoc_set_text(content, "token", (const char *)session->refresh.at);
	secret_done(&session->refresh); /* it is valid once */
	if (transmit(session, NULL, "POST", "auth/refresh-token", content, deadline,
	             &answer, &ignored) != 0 ||
	    read_answer(session, "auth/refresh-token", &answer, &doc, &ignored) != 0 ||
	    !take_token(&session->access, doc, "accessToken"))
		return false;
	(void)take_token(&session->refresh, doc, "refreshToken");
	return true;
}

/* A token for the domain's administrator. */
static int impersonate(struct sm_session *session, const char *name, int64_t deadline,
                       struct err *err)
{
	auto_free char *path = xasprintf(SYSADMIN "manage-domain/%s", name);
	auto_jsdoc *doc = NULL;
	if (session->domain_name && strcmp(session->domain_name, name) == 0)
		return 0;
	secret_done(&session->domain_token);
	free(session->domain_name);
	session->domain_name = NULL;
	int r = sm_ask(session, "POST", path, NULL, deadline, &doc, err);
	if (r != 0)
		return r;
	if (!take_token(&session->domain_token, doc, "impersonateAccessToken"))
		return err_set(err, ERR_FAILED,
		               _("%s gives no token for the administrator of %s"),
		               session->url, name);
	session->domain_name = xstrdup(name);
	return 0;
}

/* `name` NULL: as the system administrator.  `round`: how often a token was refused. */
static int get_token(struct sm_session *session, const char *name, int round,
                     int64_t deadline, const struct secret **ret_token, struct err *err)
{
	int r = 0;
	if (name) {
		if (round > 0) {
			free(session->domain_name);
			session->domain_name = NULL;
		}
		r = impersonate(session, name, deadline, err);
		*ret_token = &session->domain_token;
		return r;
	}
	if (!has(&session->access) || round > 1 ||
	    (round == 1 && !renew(session, deadline)))
		r = log_in(session, deadline, err);
	*ret_token = &session->access;
	return r;
}

static int ask_as(struct sm_session *session, const char *name, const char *method,
                  const char *path, const struct jsdoc *content, int64_t deadline,
                  struct jsdoc **ret_doc, struct err *err)
{
	for (int round = 0;; round++) {
		auto_answer answer = HTTP_ANSWER_INIT;
		const struct secret *token;
		int r = get_token(session, name, round, deadline, &token, err);
		if (r == 0)
			r = transmit(session, token, method, path, content, deadline,
			             &answer, err);
		if (r != 0)
			return r;
		if (answer.status != 401 || round == 2)
			return read_answer(session, path, &answer, ret_doc, err);
	}
}

int sm_ask(struct sm_session *session, const char *method, const char *path,
           const struct jsdoc *content, int64_t deadline, struct jsdoc **ret_doc,
           struct err *err)
{
	return ask_as(session, NULL, method, path, content, deadline, ret_doc, err);
}

/* ---- domains ----------------------------------------------------------------------------------- */

static struct sm_domain *remember(struct sm_session *session, const char *name)
{
	for (size_t i = 0; i < session->domains; i++)
		if (strcmp(session->domain[i]->name, name) == 0)
			return session->domain[i];
	struct sm_domain *domain = xcalloc(1, sizeof(*domain));
	domain->name = xstrdup(name);
	GROW(session->domain, session->domains, session->room);
	return session->domain[session->domains++] = domain;
}

static void take_key(struct sm_key *key, const struct jsdoc *doc)
{
	const char *selector = jsdoc_text(jsdoc_get(doc, "selector"));
	const char *public_key = jsdoc_text(jsdoc_get(doc, "publicKey"));
	key_done(key);
	if (!selector || !*selector || !public_key || !*public_key)
		return;
	key->selector = xstrdup(selector);
	for (char *at = key->selector; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	key->public_key = xstrdup(public_key);
}

static int read_settings(struct sm_session *session, struct sm_domain *domain,
                         int64_t deadline, struct err *err)
{
	auto_free char *path = xasprintf(SYSADMIN "domain-settings/%s", domain->name);
	auto_jsdoc *doc = NULL;
	int r = sm_ask(session, "GET", path, NULL, deadline, &doc, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		r = ask_as(session, domain->name, "GET", DOMAIN "domain", NULL, deadline,
		           &doc, err);
	}
	if (r != 0)
		return r;
	const struct jsdoc *holder = jsdoc_get(doc, "domainSettings");
	const struct jsdoc *keys = jsdoc_get(holder ? holder : doc, "domainKeysSettings");
	if (!jsdoc_is_object(keys))
		return err_set(err, ERR_FAILED,
		               _("%s does not report the DKIM keys of %s (no member "
		                 "domainKeysSettings): this release is not supported"),
		               session->url, domain->name);
	take_key(&domain->active, keys);
	take_key(&domain->pending, jsdoc_get(keys, "pending"));
	domain->is_active = jsdoc_is_true(keys, "isActive");
	return 0;
}

int sm_domain(struct sm_session *session, const char *name, bool is_fresh,
              int64_t deadline, const struct sm_domain **ret_domain, struct err *err)
{
	size_t before = session->domains;
	struct sm_domain *domain = remember(session, name);
	if (session->domains == before && !is_fresh) {
		*ret_domain = domain;
		return 0;
	}
	auto_free char *path = xasprintf(SYSADMIN "domain/%s", name);
	auto_jsdoc *doc = NULL;
	int r = sm_ask(session, "GET", path, NULL, deadline, &doc, err);
	domain->exists = r == 0;
	if (r == ERR_MISSING) {
		err_clear(err);
		r = 0;
	}
	if (r == 0 && domain->exists)
		r = read_settings(session, domain, deadline, err);
	if (r != 0) { /* it was not asked */
		for (size_t i = 0; i < session->domains; i++)
			if (session->domain[i] == domain)
				session->domain[i] = session->domain[--session->domains];
		key_done(&domain->active);
		key_done(&domain->pending);
		free(domain->name);
		free(domain);
		return r;
	}
	*ret_domain = domain;
	return 0;
}

int sm_each_domain(struct sm_session *session,
                   int (*each)(void *arg, const struct sm_domain *domain,
                               struct err *err),
                   void *arg, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < session->domains; i++)
		r = each(arg, session->domain[i], err);
	return r;
}

/* ---- DKIM -------------------------------------------------------------------------------------- */

/* "dkim-ACTION/..." by the system administrator's route "dkim-ACTION/DOMAIN[/TAIL]", or the domain's. */
static int act(struct sm_session *session, const char *name, const char *action,
               const char *tail, int64_t deadline, struct err *err)
{
	auto_free char *path = xasprintf(SYSADMIN "%s/%s%s%s", action, name,
	                                 tail ? "/" : "", tail ? tail : "");
	auto_free char *own =
		xasprintf(DOMAIN "%s%s%s", action, tail ? "/" : "", tail ? tail : "");
	auto_jsdoc *doc = NULL;
	int r = ERR_MISSING;
	if (!session->has_domain_routes_only)
		r = sm_ask(session, "POST", path, NULL, deadline, &doc, err);
	if (r != ERR_MISSING)
		return r;
	session->has_domain_routes_only = true;
	err_clear(err);
	return ask_as(session, name, "POST", own, NULL, deadline, &doc, err);
}

/* The state after a change. */
static int look_again(struct sm_session *session, const char *name, int64_t deadline,
                      const struct sm_domain **ret_domain, struct err *err)
{
	int r = sm_domain(session, name, true, deadline, ret_domain, err);
	if (r == 0 && !(*ret_domain)->exists)
		r = err_set(err, ERR_FAILED, _("%s has no domain %s: add it there first"),
		            session->url, name);
	return r;
}

int sm_make_key(struct sm_session *session, const char *name, int64_t bits,
                int64_t deadline, struct err *err)
{
	const struct sm_domain *domain;
	auto_free char *size = xasprintf("%d", (int)bits);
	int r = look_again(session, name, deadline, &domain, err);
	if (r == 0 && !domain->active.selector && !domain->pending.selector) {
		r = act(session, name, "dkim-create-rollover", size, deadline, err);
		if (r == 0)
			r = look_again(session, name, deadline, &domain, err);
	}
	if (r == 0 && !domain->active.selector && !domain->pending.selector)
		r = err_set(err, ERR_FAILED,
		            _("%s accepted the request for a DKIM key of %s, but reports "
		              "none"),
		            session->url, name);
	return r;
}

int sm_drop_pending_key(struct sm_session *session, const char *name, int64_t deadline,
                        struct err *err)
{
	const struct sm_domain *domain;
	int r = look_again(session, name, deadline, &domain, err);
	if (r == 0 && domain->pending.selector) {
		r = act(session, name, "dkim-delete-rollover", NULL, deadline, err);
		if (r == 0)
			r = look_again(session, name, deadline, &domain, err);
		if (r == 0 && domain->pending.selector)
			r = err_set(
				err, ERR_FAILED,
				_("%s accepted the removal of the pending DKIM key of "
			          "%s, but still reports it"),
				session->url, name);
	}
	return r;
}

static bool is_key(const struct sm_key *key, const char *selector)
{
	return key->selector && strcasecmp(key->selector, selector) == 0;
}

int sm_sign(struct sm_session *session, const char *name, const char *selector,
            int64_t deadline, struct err *err)
{
	const struct sm_domain *domain;
	auto_jsdoc *doc = NULL;
	int r = look_again(session, name, deadline, &domain, err);
	if (r == 0 && is_key(&domain->pending, selector))
		/* only the domain's administrator has this route; our own zones know that the record is there */
		r = ask_as(session, name, "POST", DOMAIN "dkim-verify-rollover/true",
		           NULL, deadline, &doc, err);
	else if (r == 0 && !is_key(&domain->active, selector))
		r = err_set(err, ERR_FAILED, _("%s has no DKIM key %s of %s any more"),
		            session->url, selector, name);
	if (r == 0)
		r = act(session, name, "dkim-enable", "true", deadline, err);
	if (r == 0)
		r = look_again(session, name, deadline, &domain, err);
	if (r == 0 && (!is_key(&domain->active, selector) || !domain->is_active))
		r = err_set(err, ERR_FAILED,
		            _("%s accepted the DKIM key %s of %s, but does not report it "
		              "as active"),
		            session->url, selector, name);
	return r;
}

int sm_stop_signing(struct sm_session *session, const char *name, int64_t deadline,
                    struct err *err)
{
	const struct sm_domain *domain;
	int r = look_again(session, name, deadline, &domain, err);
	if (r == 0)
		r = act(session, name, "dkim-disable", NULL, deadline, err);
	if (r == 0)
		r = look_again(session, name, deadline, &domain, err);
	return r;
}

int sm_version(struct sm_session *session, int64_t deadline, char **ret_version,
               struct err *err)
{
	static const char *const members[] = { "version", "productVersion" };
	auto_jsdoc *doc = NULL;
	int r = sm_ask(session, "GET", SYSADMIN "get-version", NULL, deadline, &doc, err);
	if (r == ERR_MISSING) {
		err_clear(err);
		r = sm_ask(session, "GET", SYSADMIN "system-info", NULL, deadline, &doc,
		           err);
	}
	if (r == ERR_MISSING) {
		err_clear(err);
		*ret_version = NULL;
		return 0;
	}
	if (r != 0)
		return r;
	const char *version = NULL;
	for (size_t i = 0; !version && i < ARRAY_LEN(members); i++)
		version = jsdoc_text(jsdoc_get(doc, members[i]));
	*ret_version = version && text_is_clean(version) ? xstrdup(version) : NULL;
	return 0;
}
