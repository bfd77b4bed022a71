/* Settings of an IceWarp server, one by one. */
#include "core/mta/icewarp/icewarp_remote.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/buf.h"
#include "core/base/text.h"
#include "core/model/key/key_crypto.h"

/* A login, a look-up, a change and its reading back. */
#define LIMIT_NS (30 * NS_PER_SEC)
#define SERVER "server "

enum { SELECTOR, ACTIVE, KEY, PROPERTIES };
static const char *const names[PROPERTIES] = { "D_DKIM_Selector", "D_DKIM_Active",
	                                       "D_DKIM_PrivateKey" };

/* "true" and "1" are one value. */
static const char *plain(const char *value)
{
	return strcasecmp(value, "true") == 0    ? "1"
	       : strcasecmp(value, "false") == 0 ? "0"
	                                         : value;
}

static const char *text_of(const struct iw_property *property)
{
	return property->is_there ? (const char *)property->value.at : "";
}

/* As PEM of PKCS#8; what is not a key stays as it is. */
static void to_pem(const void *key, size_t len, struct secret *ret_pem)
{
	struct key_pair pair = { 0 };
	struct err ignored = ERR_INIT;
	if (key_parse_private(key, len, &pair, &ignored) != 0 ||
	    key_der_to_pem(&pair.pkcs8, ret_pem, &ignored) != 0)
		secret_set(ret_pem, key, len);
	key_pair_done(&pair);
}

void iw_dkim_text(const char *selector, bool is_active, const void *key, size_t len,
                  struct remote_value *ret_value)
{
	auto_secret pem = SECRET_INIT;
	auto_buf text = BUF_INIT;
	to_pem(key, len, &pem);
	buf_reserve(&text, pem.len + strlen(selector) + 64);
	buf_printf(&text, "selector %s\nactive %d\n", selector, is_active);
	buf_add(&text, pem.at, pem.len);
	ret_value->is_set = true;
	secret_set(&ret_value->text, buf_text(&text), text.len);
	explicit_bzero(text.at, text.room);
}

int iw_dkim_read(struct iw_session *session, const char *domain, int64_t deadline,
                 bool *ret_exists, bool *ret_is_supported, struct remote_value *ret_value,
                 struct err *err)
{
	struct iw_property properties[PROPERTIES] = { 0 };
	*ret_is_supported = false;
	int r = iw_has_domain(session, domain, deadline, ret_exists, err);
	if (r != 0 || !*ret_exists)
		return r;
	for (size_t i = 0; i < PROPERTIES; i++)
		properties[i].name = names[i];
	r = iw_read(session, domain, properties, PROPERTIES, deadline, err);
	if (r == 0) {
		const char *selector = text_of(&properties[SELECTOR]);
		const char *key = text_of(&properties[KEY]);
		*ret_is_supported = properties[ACTIVE].is_there;
		if (*selector || *key)
			iw_dkim_text(selector,
			             strcmp(plain(text_of(&properties[ACTIVE])), "1") ==
			                     0,
			             key, strlen(key), ret_value);
	}
	iw_properties_done(properties, PROPERTIES);
	return r;
}

static void set_property(struct iw_property *property, const char *text, size_t len)
{
	secret_set(&property->value, text, len + 1);
	property->value.at[len] = '\0';
	property->value.len = len;
	property->is_there = true;
}

/* Lines as of iw_dkim_text(); NULL: none. */
static int write_dkim(struct iw_session *session, const char *domain, const char *text,
                      int64_t deadline, struct err *err)
{
	static const char first[] = "selector ", second[] = "\nactive ";
	struct iw_property properties[PROPERTIES] = { 0 };
	const char *selector = text ? text + strlen(first) : "";
	size_t selector_len = strcspn(selector, "\n");
	const char *active = text ? selector + selector_len + strlen(second) : "0";
	const char *key = text ? active + strcspn(active, "\n") + 1 : "";
	for (size_t i = 0; i < PROPERTIES; i++)
		properties[i].name = names[i];
	set_property(&properties[SELECTOR], selector, selector_len);
	set_property(&properties[ACTIVE], active, 1);
	set_property(&properties[KEY], key, strlen(key));
	int r = iw_write(session, domain, properties, PROPERTIES, deadline, err);
	iw_properties_done(properties, PROPERTIES);
	return r;
}

/* The domain in "DOMAIN dkim"; the caller frees.  NULL: another setting. */
static char *domain_of(const char *name)
{
	return text_ends(name, " dkim") ? xmemdup(name, strlen(name) - strlen(" dkim"))
	                                : NULL;
}

void iw_variable_value(const struct iw_property *property, struct remote_value *ret_value)
{
	const char *text = plain(text_of(property));
	ret_value->is_set = property->is_there;
	if (property->is_there)
		secret_set(&ret_value->text, text, strlen(text));
}

static int get(struct ctx *ctx, const struct remote_server *server, const char *name,
               int64_t deadline, struct remote_value *ret_value, struct err *err)
{
	auto_free char *domain = domain_of(name);
	struct iw_session *session;
	struct iw_property property = { 0 };
	bool exists, is_supported;
	int r = iw_session(ctx, server, &session, err);
	if (r != 0)
		return r;
	if (domain)
		return iw_dkim_read(session, domain, deadline, &exists, &is_supported,
		                    ret_value, err);
	if (!text_starts(name, SERVER))
		return err_set(err, ERR_FAILED, _("IceWarp has no setting \"%s\""), name);
	property.name = name + strlen(SERVER);
	r = iw_read(session, NULL, &property, 1, deadline, err);
	if (r == 0)
		iw_variable_value(&property, ret_value);
	iw_properties_done(&property, 1);
	return r;
}

static bool is_same(const struct remote_value *a, const struct remote_value *b)
{
	return a->is_set == b->is_set &&
	       (!a->is_set || (a->text.len == b->text.len &&
	                       memcmp(a->text.at, b->text.at, a->text.len) == 0));
}

static int write_value(struct iw_session *session, const char *name, const char *domain,
                       const char *text, int64_t deadline, struct err *err)
{
	struct iw_property property = { 0 };
	bool exists = true;
	int r = domain ? iw_has_domain(session, domain, deadline, &exists, err) : 0;
	if (r == 0 && !exists) /* it would be made */
		return text ? err_set(err, ERR_FAILED,
		                      _("IceWarp has no domain %s: add it there first"),
		                      domain)
		            : 0;
	if (r != 0)
		return r;
	if (domain)
		return write_dkim(session, domain, text, deadline, err);
	if (!text_starts(name, SERVER))
		return err_set(err, ERR_FAILED, _("IceWarp has no setting \"%s\""), name);
	if (!text) /* a variable cannot be removed, and was not there */
		return 0;
	property.name = name + strlen(SERVER);
	set_property(&property, text, strlen(text));
	r = iw_write(session, NULL, &property, 1, deadline, err);
	iw_properties_done(&property, 1);
	return r;
}

static int set(struct ctx *ctx, const struct remote_server *server, const char *name,
               int64_t deadline, const struct remote_value *value, struct err *err)
{
	auto_free char *domain = domain_of(name);
	char *text = NULL;
	struct remote_value now = { 0 };
	struct iw_session *session;
	int r = iw_session(ctx, server, &session, err);
	if (r != 0)
		return r;
	if (value->is_set)
		text = xmemdup(value->text.at, value->text.len);
	r = write_value(session, name, domain, text, deadline, err);
	if (text)
		explicit_bzero(text, value->text.len);
	free(text);
	if (r == 0)
		r = get(ctx, server, name, deadline, &now, err);
	if (r == 0 && !is_same(&now, value) && (value->is_set || domain))
		r = err_set(
			err, ERR_FAILED,
			_("IceWarp accepted the setting %s, but reports another value "
		          "afterwards"),
			name);
	secret_done(&now.text);
	return r;
}

const struct remote_type icewarp_remote = {
	.name = "icewarp",
	.limit_ns = LIMIT_NS,
	.get = get,
	.set = set,
};
