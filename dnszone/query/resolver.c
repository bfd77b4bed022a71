/*
 * Functions that all layers of the resolver share: calls through the vtable, replacements for
 * operations that a layer does not have, and answers without data or with copied data.
 */
#include "dnszone/query/resolver.h"

#include <string.h>
#include <strings.h>

#include "core/base/ctx.h"

struct deadline deadline_in_ms(int64_t ms)
{
	return (struct deadline){ monotonic_ns() + ms * NS_PER_MS };
}

int deadline_left_ms(struct deadline until)
{
	int64_t left = until.monotonic_ns - monotonic_ns();
	if (left <= 0)
		return 0;
	left = (left - 1) / NS_PER_MS + 1;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

void resolver_ask(struct resolver *r, const struct dns_name *name, enum dns_type type,
                  struct deadline until, struct arena *mem, struct dns_answer *ret_answer)
{
	r->ops->ask(r, name, type, until, mem, ret_answer);
}

void resolver_ask_many(struct resolver *r, size_t count, const struct dns_name *names,
                       const enum dns_type *types, struct deadline until,
                       struct arena *mem, dns_done *done, void *arg)
{
	if (r->ops->ask_many) {
		r->ops->ask_many(r, count, names, types, until, mem, done, arg);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		struct dns_answer answer;
		r->ops->ask(r, &names[i], types[i], until, mem, &answer);
		done(arg, i, &answer);
	}
}

void resolver_ask_ahead(struct resolver *r, const struct dns_name *name,
                        enum dns_type type, struct deadline until)
{
	if (r->ops->ask_ahead)
		r->ops->ask_ahead(r, name, type, until);
}

bool resolver_peek(struct resolver *r, const struct dns_name *name, enum dns_type type,
                   struct arena *mem, struct dns_answer *ret_answer)
{
	return r->ops->peek && r->ops->peek(r, name, type, mem, ret_answer);
}

bool resolver_renew(struct resolver *r)
{
	for (; r; r = r->below)
		if (!r->ops->renew || !r->ops->renew(r))
			return false;
	return true;
}

void resolver_free(struct resolver *r)
{
	while (r) {
		struct resolver *below = r->below;
		r->ops->free(r);
		r = below;
	}
}

void resolver_free_ptr(struct resolver **r)
{
	resolver_free(*r);
}

struct dns_answer dns_answer_empty(enum dns_kind kind, const char *why)
{
	return (struct dns_answer){ .kind = kind, .why = why };
}

static bool copy_rdata(const struct dns_answer *answer, struct arena *mem,
                       struct dns_answer *copy)
{
	struct dns_rdata *rdata = arena_calloc(mem, answer->count, sizeof(*rdata));
	if (!rdata)
		return false;
	for (size_t i = 0; i < answer->count; i++) {
		rdata[i] = answer->rdata[i];
		rdata[i].octets = (const uint8_t *)arena_memdup(
			mem, answer->rdata[i].octets, rdata[i].len);
		if (!rdata[i].octets)
			return false;
	}
	copy->rdata = rdata;
	return true;
}

bool dns_answer_copy(const struct dns_answer *answer, struct arena *mem,
                     struct dns_answer *ret_answer)
{
	size_t mark = arena_mark(mem);
	struct dns_answer copy = *answer;
	copy.rdata = NULL;
	if (answer->why)
		copy.why = arena_memdup(mem, answer->why, strlen(answer->why));
	if ((answer->why && !copy.why) ||
	    (answer->count > 0 && !copy_rdata(answer, mem, &copy))) {
		arena_release(mem, mark);
		*ret_answer = dns_answer_empty(DNS_TEMPFAIL,
		                               _("not enough memory for the answer"));
		return false;
	}
	*ret_answer = copy;
	return true;
}

void resolver_ask_below(struct resolver *r, const struct dns_name *name,
                        enum dns_type type, struct deadline until, struct arena *mem,
                        enum dns_kind otherwise, struct dns_answer *ret_answer)
{
	if (r->below)
		resolver_ask(r->below, name, type, until, mem, ret_answer);
	else
		*ret_answer = dns_answer_empty(otherwise, NULL);
}

static const struct {
	enum dns_type type;
	const char *name;
} types[] = {
	{ DNS_A, "A" },     { DNS_NS, "NS" },     { DNS_CNAME, "CNAME" },
	{ DNS_SOA, "SOA" }, { DNS_PTR, "PTR" },   { DNS_MX, "MX" },
	{ DNS_TXT, "TXT" }, { DNS_AAAA, "AAAA" },
};

const char *dns_type_name(enum dns_type type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

bool dns_type_from_text(const char *text, enum dns_type *ret_type)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (strcasecmp(types[i].name, text) == 0) {
			*ret_type = types[i].type;
			return true;
		}
	return false;
}

const char *dns_kind_name(enum dns_kind kind)
{
	static const char *const names[] = {
		[DNS_OK] = N_("ok"),
		[DNS_NODATA] = N_("no data"),
		[DNS_NXDOMAIN] = N_("no such name"),
		[DNS_TEMPFAIL] = N_("temporary failure"),
	};
	return _(names[kind]);
}
