/*
 * IceWarp's API: one <iq> in, one <iq> out.  A failure is a negative <result>, or type="error".
 *
 * Sessions expire.  How the server says so is not documented: an error without one of the documented
 * results is taken for it once, and the request is repeated after another login.
 */
#include "core/mta/icewarp/icewarp_session.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/remote/credentials.h"
#include "core/mta/remote/http.h"
#include "core/mta/remote/xmldoc.h"

#define PATH "/icewarpapi/"
#define LOGOUT_NS (5 * NS_PER_SEC)

struct iw_session {
	char *url;
	struct http *http;
	struct credentials account;
	struct secret sid; /* with its NUL */
};

/* ---- requests ---------------------------------------------------------------------------------- */

static void wipe(struct buf *text)
{
	if (text->at)
		explicit_bzero(text->at, text->room);
	buf_done(text);
}
#define auto_wiped cleanup(wipe) struct buf

/* Adds to memory that never moves: what it held before would stay behind. */
static void reserve(struct buf *text, size_t more)
{
	buf_reserve(text, 2048 + 6 * more);
}

static int transmit(struct iw_session *session, const char *command, const char *params,
                    int64_t deadline, struct xmldoc **ret_iq, struct err *err)
{
	auto_wiped text = BUF_INIT;
	auto_answer answer = HTTP_ANSWER_INIT;
	reserve(&text, strlen(params));
	buf_puts(&text, "<iq uid=\"1\" format=\"text/xml\"");
	if (session->sid.at)
		buf_printf(&text, " sid=\"%s\"", (const char *)session->sid.at);
	buf_printf(&text,
	           "><query xmlns=\"admin:iq:rpc\"><commandname>%s</commandname>"
	           "<commandparams>%s</commandparams></query></iq>",
	           command, params);
	const struct http_request request = { .method = "POST",
		                              .path = PATH,
		                              .type = "text/xml",
		                              .content = buf_text(&text),
		                              .deadline = deadline };
	int r = http_ask(session->http, &request, &answer, err);
	if (r != 0)
		return err_prefix(err, "%s", command);
	if (answer.status != 200)
		return err_set(err, ERR_FAILED, _("%s refuses \"%s\" (HTTP %ld)"),
		               session->url, command, answer.status);
	struct xmldoc *iq = xmldoc_read(buf_text(&answer.content), answer.content.len);
	if (!iq)
		return err_set(err, ERR_FAILED,
		               _("%s answers \"%s\" with something that is not XML: is "
		                 "mta.url the address of IceWarp?"),
		               session->url, command);
	*ret_iq = iq;
	return 0;
}

/* The element <result>; NULL: none. */
static const struct xmldoc *result_of(const struct xmldoc *iq)
{
	return xmldoc_child(xmldoc_child(iq, "query"), "result");
}

static bool is_error(const struct xmldoc *iq)
{
	const char *type = xmldoc_attribute(iq, "type");
	return type && strcmp(type, "error") == 0;
}

static const char *meaning(const char *code)
{
	static const struct {
		const char *code, *text;
	} codes[] = {
		{ "-1", N_("the server reports a failure") },
		{ "-2", N_("the licence does not include it") },
		{ "-3", N_("the parameters are wrong") },
		{ "-4", N_("a path does not exist") },
		{ "-5", N_("the configuration was not found") },
		{ "-6", N_("the password is wrong") },
		{ "-7", N_("it exists already") },
		{ "-8", N_("a value is not valid") },
		{ "-11", N_("the login is blocked") },
		{ "-12", N_("the plan is exceeded") },
		{ "0", N_("it was not done") },
	};
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].text;
	return NULL;
}

/* A sentence for an answer that is a failure; never the server's own words, which may repeat a value. */
static int refuse(const struct iw_session *session, const char *command,
                  const struct xmldoc *iq, struct err *err)
{
	const char *code = xmldoc_text(result_of(iq)), *text = meaning(code);
	return err_set(err, ERR_FAILED, _("%s refuses \"%s\": %s"), session->url, command,
	               text ? _(text) : _("the server reports an error"));
}

/* ---- login and logout -------------------------------------------------------------------------- */

static int log_in(struct iw_session *session, int64_t deadline, struct err *err)
{
	auto_wiped params = BUF_INIT;
	auto_xmldoc *iq = NULL;
	const struct credentials *account = &session->account;
	secret_done(&session->sid);
	reserve(&params, account->user.len + account->password.len);
	buf_puts(&params, "<authtype>0</authtype>");
	xmldoc_put(&params, "email", (const char *)account->user.at);
	xmldoc_put(&params, "password", (const char *)account->password.at);
	buf_puts(&params, "<digest></digest><persistentlogin>0</persistentlogin>");
	int r = transmit(session, "authenticate", buf_text(&params), deadline, &iq, err);
	if (r != 0)
		return r;
	const char *sid = xmldoc_attribute(iq, "sid");
	if (is_error(iq) || strcmp(xmldoc_text(result_of(iq)), "1") != 0 || !sid ||
	    !*sid || strpbrk(sid, "\"<&")) {
		const char *text = meaning(xmldoc_text(result_of(iq)));
		return err_set(
			err, ERR_FAILED,
			_("%s does not accept the account in mta.credentials-file%s%s"),
			session->url, text ? ": " : "", text ? _(text) : "");
	}
	secret_set(&session->sid, sid, strlen(sid) + 1);
	return 0;
}

static void session_close(void *at)
{
	struct iw_session *session = at;
	auto_xmldoc *iq = NULL;
	struct err ignored = ERR_INIT;
	if (session->sid.at)
		(void)!transmit(session, "logout", "", monotonic_ns() + LOGOUT_NS, &iq,
		                &ignored);
	http_free(session->http);
	credentials_done(&session->account);
	secret_done(&session->sid);
	free(session->url);
	free(session);
}

int iw_session(struct ctx *ctx, const struct remote_server *server,
               struct iw_session **ret_session, struct err *err)
{
	auto_free char *name = xasprintf("icewarp %s %s", server->url,
	                                 server->credentials ? server->credentials : "");
	struct iw_session *session = ctx_kept(ctx, name);
	if (session) {
		*ret_session = session;
		return 0;
	}
	if (!server->credentials || !*server->credentials)
		return err_set(
			err, ERR_FAILED,
			_("IceWarp requires an account: write it to a file of mode "
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

/* ---- commands ---------------------------------------------------------------------------------- */

static int call(struct iw_session *session, const char *command, const char *params,
                int64_t deadline, struct xmldoc **ret_iq, struct err *err)
{
	for (int round = 0;; round++) {
		auto_xmldoc *iq = NULL;
		int r = session->sid.at ? 0 : log_in(session, deadline, err);
		if (r == 0)
			r = transmit(session, command, params, deadline, &iq, err);
		if (r != 0)
			return r;
		const char *code = xmldoc_text(result_of(iq));
		if (!is_error(iq) && *code != '-') {
			*ret_iq = iq;
			iq = NULL;
			return 0;
		}
		if (round > 0 || meaning(code))
			return refuse(session, command, iq, err);
		secret_done(&session->sid);
	}
}

void iw_properties_done(struct iw_property *properties, size_t count)
{
	for (size_t i = 0; i < count; i++)
		secret_done(&properties[i].value);
}

static void take_item(const struct xmldoc *item, struct iw_property *properties,
                      size_t count)
{
	const char *name =
		xmldoc_text(xmldoc_child(xmldoc_child(item, "apiproperty"), "propname"));
	const struct xmldoc *value = xmldoc_child(item, "propertyval");
	const char *class = xmldoc_text(xmldoc_child(value, "classname"));
	for (size_t i = 0; i < count; i++) {
		if (strcasecmp(properties[i].name, name) != 0)
			continue;
		const char *text = xmldoc_text(xmldoc_child(value, "val"));
		properties[i].is_there =
			value && strcasecmp(class, "tpropertynovalue") != 0;
		secret_set(&properties[i].value, text, strlen(text) + 1);
		properties[i].value.len--;
	}
}

int iw_read(struct iw_session *session, const char *domain,
            struct iw_property *properties, size_t count, int64_t deadline,
            struct err *err)
{
	auto_buf params = BUF_INIT;
	auto_xmldoc *iq = NULL;
	const char *list = domain ? "domainpropertylist" : "serverpropertylist";
	if (domain)
		xmldoc_put(&params, "domainstr", domain);
	buf_printf(&params, "<%s>", list);
	for (size_t i = 0; i < count; i++) {
		properties[i].is_there = false;
		buf_puts(&params, "<item>");
		xmldoc_put(&params, "propname", properties[i].name);
		buf_puts(&params, "</item>");
	}
	buf_printf(&params, "</%s>", list);
	int r = call(session, domain ? "getdomainproperties" : "getserverproperties",
	             buf_text(&params), deadline, &iq, err);
	if (r != 0)
		return r;
	for (const struct xmldoc *item = xmldoc_child(result_of(iq), "item"); item;
	     item = xmldoc_next(item))
		take_item(item, properties, count);
	return 0;
}

int iw_write(struct iw_session *session, const char *domain,
             const struct iw_property *properties, size_t count, int64_t deadline,
             struct err *err)
{
	static const char end[] = "<propertyright>2</propertyright></item>";
	auto_wiped params = BUF_INIT;
	auto_xmldoc *iq = NULL;
	size_t size = 0;
	for (size_t i = 0; i < count; i++)
		size += properties[i].value.len + 256;
	reserve(&params, size);
	if (domain)
		xmldoc_put(&params, "domainstr", domain);
	buf_puts(&params, "<propertyvaluelist>");
	for (size_t i = 0; i < count; i++) {
		if (!properties[i].is_there)
			continue;
		buf_puts(&params, "<item><apiproperty>");
		xmldoc_put(&params, "propname", properties[i].name);
		buf_puts(&params, "</apiproperty><propertyval>"
		                  "<classname>tpropertystring</classname>");
		xmldoc_put(&params, "val", (const char *)properties[i].value.at);
		buf_printf(&params, "</propertyval>%s", end);
	}
	buf_puts(&params, "</propertyvaluelist>");
	const char *command = domain ? "setdomainproperties" : "setserverproperties";
	int r = call(session, command, buf_text(&params), deadline, &iq, err);
	if (r == 0 && strcmp(xmldoc_text(result_of(iq)), "1") != 0)
		r = refuse(session, command, iq, err);
	return r;
}

int iw_has_domain(struct iw_session *session, const char *domain, int64_t deadline,
                  bool *ret_has, struct err *err)
{
	auto_buf params = BUF_INIT;
	auto_xmldoc *iq = NULL;
	buf_puts(&params, "<filter>");
	xmldoc_put(&params, "namemask", domain);
	buf_puts(&params, "</filter><offset>0</offset><count>10</count>");
	int r = call(session, "getdomainsinfolist", buf_text(&params), deadline, &iq,
	             err);
	if (r != 0)
		return r;
	*ret_has = false;
	for (const struct xmldoc *item = xmldoc_child(result_of(iq), "item"); item;
	     item = xmldoc_next(item))
		*ret_has |=
			strcasecmp(xmldoc_text(xmldoc_child(item, "name")), domain) == 0;
	return 0;
}
