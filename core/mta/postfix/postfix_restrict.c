/*
 * Lists of restrictions as smtpd(8) evaluates them: names in any case, separated by commas and
 * blanks; some take the next item as their argument; warn_if_reject disables the next one.
 *
 * Errors are possible only towards refusing: a position that is not understood is not used.  smtpd
 * evaluates smtpd_relay_restrictions and this list, and both must permit a recipient, so an item
 * that never permits cannot permit more.
 */
#include "core/mta/postfix/postfix_restrict.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/host/item_list.h"

#define CLASS_DEPTH 8
#define LATER_FRONT \
	"permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination"

/* The effect of an item or a list on recipients; the first of RELAY_* counts. */
enum {
	RELAY_REFUSED = 1, /* ends a stranger's mail to a foreign domain */
	RELAY_PERMITTED = 2,
	LOCAL_ENDS = 4,     /* ends mail to our own domains too: no later item gets it */
	BY_DESTINATION = 8, /* RELAY_REFUSED, and mail to our own domains continues */
};

struct walk {
	const struct main_cf *cf;
	unsigned depth;
	bool is_argument; /* the next item is one */
	bool is_warning;  /* warn_if_reject was the last item */
	bool has_class;
};

static bool takes_argument(const char *name)
{
	static const char *const begins[] = { "check_",        "reject_rbl_client",
		                              "reject_rhsbl_", "permit_dnswl_",
		                              "permit_rhswl_", "sleep" };
	if (strcasecmp(name, "check_relay_domains") == 0)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (strncasecmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

static unsigned effect_of_name(const char *name)
{
	static const struct {
		const char *name;
		unsigned effect;
	} rows[] = {
		{ "check_relay_domains", RELAY_REFUSED | LOCAL_ENDS },
		{ "defer", RELAY_REFUSED | LOCAL_ENDS },
		{ "defer_unauth_destination", RELAY_REFUSED | BY_DESTINATION },
		{ "permit", RELAY_PERMITTED | LOCAL_ENDS },
		{ "permit_auth_destination", LOCAL_ENDS },
		{ "reject", RELAY_REFUSED | LOCAL_ENDS },
		{ "reject_unauth_destination", RELAY_REFUSED | BY_DESTINATION },
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strcasecmp(name, rows[i].name) == 0)
			return rows[i].effect;
	return 0;
}

static bool is_class(const struct main_cf *cf, const char *name)
{
	auto_buf classes = BUF_INIT, item = BUF_INIT;
	main_cf_value(cf, "smtp", RESTRICT_CLASSES, &classes);
	const char *at = buf_text(&classes);
	while (item_list_next(&at, &item))
		if (strcmp(buf_text(&item), name) == 0)
			return true;
	return false;
}

static unsigned effect_of_list(struct walk *walk, const char *list);

/* One expanded item. */
static unsigned step_over(struct walk *walk, const char *name)
{
	if (walk->is_argument) {
		walk->is_argument = false;
		return 0;
	}
	bool is_warning = walk->is_warning;
	walk->is_warning = strcasecmp(name, "warn_if_reject") == 0;
	walk->is_argument = takes_argument(name);
	unsigned effect = effect_of_name(name);
	if (!effect && !walk->is_argument && walk->depth < CLASS_DEPTH &&
	    is_class(walk->cf, name)) {
		auto_buf value = BUF_INIT;
		struct walk inner = { .cf = walk->cf, .depth = walk->depth + 1 };
		main_cf_value(walk->cf, "smtp", name, &value);
		walk->has_class = true;
		effect = effect_of_list(&inner, buf_text(&value));
	}
	return is_warning && (effect & RELAY_REFUSED) ? 0 : effect;
}

static unsigned effect_of_list(struct walk *walk, const char *list)
{
	auto_buf item = BUF_INIT;
	unsigned whole = 0;
	while (item_list_next(&list, &item)) {
		unsigned effect = step_over(walk, buf_text(&item));
		whole |= effect & LOCAL_ENDS;
		if (!(whole & (RELAY_REFUSED | RELAY_PERMITTED)))
			whole |= effect;
	}
	return whole;
}

bool restrict_guards(const struct main_cf *cf, const char *list)
{
	struct walk walk = { .cf = cf };
	return (effect_of_list(&walk, list) & RELAY_REFUSED) != 0;
}

static bool relay_guards(const struct main_cf *cf)
{
	auto_buf value = BUF_INIT;
	main_cf_value(cf, "smtp", "smtpd_relay_restrictions", &value);
	return restrict_guards(cf, buf_text(&value));
}

/* ---- items as they are written ---------------------------------------------------------------- */

/* The next item of the definition at or after *at, comment lines skipped. */
static bool next_item(const struct main_cf *cf, const struct main_def *def, size_t *at,
                      size_t *ret_begin)
{
	const char *text = cf->text;
	size_t c = *at, level = 0;
	for (;;) {
		while (c < def->last && strchr(", \t\r\n", text[c]))
			c++;
		size_t line = c;
		while (line > def->first && strchr(" \t", text[line - 1]))
			line--;
		if (c >= def->last || text[c] != '#' || line == def->first ||
		    text[line - 1] != '\n')
			break;
		const char *feed = memchr(text + c, '\n', def->last - c);
		c = feed ? (size_t)(feed - text) : def->last;
	}
	*ret_begin = c;
	for (; c < def->last && (level > 0 || !strchr(", \t\r\n", text[c])); c++) {
		if (text[c] == '{')
			level++;
		else if (text[c] == '}' && level > 0)
			level--;
	}
	*at = c;
	return c > *ret_begin;
}

struct search {
	const struct main_cf *cf;
	struct walk walk;
	size_t warning;      /* the start of a pending warn_if_reject */
	bool is_relay_ended; /* by reject_unauth_destination, or by smtpd_relay_restrictions */
	bool is_over;
};

#define UNGUARDED                                                      \
	N_("neither it nor smtpd_relay_restrictions has an effective " \
	   "reject_unauth_destination")

static void look_at_item(struct search *search, size_t begin, size_t end,
                         struct restrict_spot *spot)
{
	auto_free char *text = xmemdup(search->cf->text + begin, end - begin);
	auto_buf value = BUF_INIT;
	bool was_warning = search->walk.is_warning;
	main_cf_expand(search->cf, "smtp", text, &value);
	search->walk.has_class = false;
	unsigned effect = effect_of_list(&search->walk, buf_text(&value));
	size_t front = was_warning ? search->warning : begin;
	if (search->walk.is_warning)
		search->warning = begin;
	if (!(effect & (LOCAL_ENDS | BY_DESTINATION)))
		return;
	search->is_over = true;
	if (!(effect & LOCAL_ENDS)) {
		spot->place = RESTRICT_AFTER;
		spot->at = end;
	} else if (strchr(text, '$') || search->walk.has_class) {
		spot->why = N_("a parameter in it ends the list");
	} else if (search->is_relay_ended) { /* no mail continues after this item */
		spot->place = RESTRICT_BEFORE;
		spot->at = front;
	} else {
		spot->why = UNGUARDED;
	}
}

static void find_in_list(const struct main_cf *cf, const struct main_def *def,
                         const char *expanded, struct restrict_spot *spot)
{
	struct search search = { .cf = cf, .walk = { .cf = cf } };
	struct walk whole = { .cf = cf };
	search.is_relay_ended =
		relay_guards(cf) || (effect_of_list(&whole, expanded) & BY_DESTINATION);
	size_t begin, last = def->first;
	for (size_t at = def->first;
	     !search.is_over && next_item(cf, def, &at, &begin);) {
		look_at_item(&search, begin, at, spot);
		last = at;
	}
	if (search.is_over)
		return;
	spot->why = UNGUARDED;
	if (!search.is_relay_ended)
		return;
	spot->place = search.walk.is_warning ? RESTRICT_BEFORE : RESTRICT_AFTER;
	spot->at = search.walk.is_warning ? search.warning : last;
}

/* An empty list permits what smtpd_relay_restrictions permits. */
static void find_in_nothing(const struct main_cf *cf, struct restrict_spot *spot)
{
	auto_buf text = BUF_INIT, value = BUF_INIT;
	bool is_defined = main_cf_find(cf, "smtpd_relay_restrictions") != NULL;
	buf_add(&text, cf->text, cf->len);
	buf_puts(&text, "\n" RESTRICT_LIST " = mailauth-here\n");
	auto_main_cf other;
	main_cf_parse(&other, text.at, text.len);
	if (is_defined)
		main_cf_value(&other, "smtp", "smtpd_relay_restrictions", &value);
	if (strstr(buf_text(&value),
	           "mailauth-here")) { /* a circle, once the list is not empty */
		spot->why = N_("smtpd_relay_restrictions is derived from it");
		return;
	}
	spot->place = RESTRICT_ALONE;
	spot->front = relay_guards(cf) ? "$smtpd_relay_restrictions" : LATER_FRONT;
}

void restrict_find(const struct main_cf *cf, const char *socket,
                   struct restrict_spot *ret_spot)
{
	auto_buf value = BUF_INIT;
	const struct main_def *def = main_cf_find(cf, RESTRICT_LIST);
	*ret_spot = (struct restrict_spot){ .place = RESTRICT_REFUSED };
	main_cf_value(cf, "smtp", RESTRICT_LIST, &value);
	if (strstr(buf_text(&value), socket)) {
		ret_spot->place = RESTRICT_PRESENT;
	} else if (buf_text(&value)[strspn(buf_text(&value), ", \t")] != '\0') {
		find_in_list(cf, def, buf_text(&value), ret_spot);
	} else if (!def || def->first == def->last) {
		find_in_nothing(cf, ret_spot);
	} else { /* parameters that are empty */
		find_in_nothing(cf, ret_spot);
		ret_spot->at = def->last;
		if (ret_spot->place == RESTRICT_ALONE)
			ret_spot->place = RESTRICT_AFTER;
	}
}

/* ---- policy services -------------------------------------------------------------------------- */

const char *const restrict_lists[] = {
	"smtpd_client_restrictions",
	"smtpd_helo_restrictions",
	"smtpd_sender_restrictions",
	"smtpd_relay_restrictions",
	RESTRICT_LIST,
	"smtpd_data_restrictions",
	"smtpd_etrn_restrictions",
	"smtpd_end_of_data_restrictions",
	NULL,
};

struct policies {
	const struct main_cf *cf;
	const struct master_service *service; /* NULL: main.cf */
	void (*each)(void *arg, const struct master_service *service, const char *list,
	             const char *endpoint);
	void *arg;
};

static void value_of(const struct policies *p, const char *name, struct buf *into)
{
	if (p->service)
		main_cf_value_of(p->cf, p->service, name, into);
	else
		main_cf_value(p->cf, NULL, name, into);
}

static void policies_of(const struct policies *p, const char *list)
{
	auto_buf value = BUF_INIT, item = BUF_INIT, endpoint = BUF_INIT;
	if (p->service && !main_cf_is_own(p->cf, p->service, list))
		return;
	value_of(p, list, &value);
	const char *at = buf_text(&value);
	for (bool is_next = false; item_list_next(&at, &item);) {
		const char *words = buf_text(&item);
		if (is_next && item_list_next(&words, &endpoint))
			p->each(p->arg, p->service, list, buf_text(&endpoint));
		is_next = strcasecmp(buf_text(&item), "check_policy_service") == 0;
	}
}

void restrict_each_policy(const struct main_cf *cf, const struct master_cf *master,
                          void (*each)(void *arg, const struct master_service *service,
                                       const char *list, const char *endpoint),
                          void *arg)
{
	for (size_t i = 0; i <= master->count; i++) {
		struct policies p = { cf, i ? &master->service[i - 1] : NULL, each, arg };
		auto_buf classes = BUF_INIT, item = BUF_INIT;
		if (p.service && (!master_is_smtpd(p.service) || !p.service->options))
			continue;
		for (size_t k = 0; restrict_lists[k]; k++)
			policies_of(&p, restrict_lists[k]);
		value_of(&p, RESTRICT_CLASSES, &classes);
		for (const char *at = buf_text(&classes); item_list_next(&at, &item);)
			policies_of(&p, buf_text(&item));
	}
}

/* ---- notes ------------------------------------------------------------------------------------ */

static bool has_item(const char *list, const char *name)
{
	auto_buf item = BUF_INIT;
	while (item_list_next(&list, &item))
		if (strcasecmp(buf_text(&item), name) == 0)
			return true;
	return false;
}

static const char *const own_lists[] = { "smtpd_client_restrictions",
	                                 "smtpd_helo_restrictions",
	                                 "smtpd_sender_restrictions",
	                                 "smtpd_relay_restrictions", RESTRICT_LIST };

/* "permit_sasl_authenticated, reject" in one of its lists: only authenticated mail is accepted. */
bool restrict_is_closed(const struct main_cf *cf, const struct master_service *service)
{
	for (size_t i = 0; i < ARRAY_LEN(own_lists); i++) {
		auto_buf value = BUF_INIT;
		if (!main_cf_is_own(cf, service, own_lists[i]))
			continue;
		main_cf_value_of(cf, service, own_lists[i], &value);
		if ((has_item(buf_text(&value), "reject") ||
		     has_item(buf_text(&value), "defer")) &&
		    !has_item(buf_text(&value), "permit_auth_destination"))
			return true;
	}
	return false;
}

bool restrict_has(const struct main_cf *cf, const struct master_service *service,
                  const char *item)
{
	for (size_t i = 0; i < ARRAY_LEN(own_lists); i++) {
		auto_buf value = BUF_INIT;
		if (!main_cf_is_own(cf, service, own_lists[i]))
			continue;
		main_cf_value_of(cf, service, own_lists[i], &value);
		if (has_item(buf_text(&value), item))
			return true;
	}
	return false;
}

static void note_classes(const struct main_cf *cf, struct plan *plan)
{
	auto_buf value = BUF_INIT, item = BUF_INIT;
	struct walk walk = { .cf = cf };
	main_cf_value(cf, "smtp", RESTRICT_LIST, &value);
	const char *at = buf_text(&value);
	while (item_list_next(&at, &item))
		(void)step_over(&walk, buf_text(&item));
	if (walk.has_class)
		plan_note(
			plan,
			_("%s names a restriction class: mail that the class permits is not "
		          "checked with SPF"),
			RESTRICT_LIST);
}

void restrict_note(const struct main_cf *cf, const struct master_cf *master,
                   const char *socket, struct plan *plan)
{
	note_classes(cf, plan);
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->service[i];
		auto_buf value = BUF_INIT;
		if (!master_is_smtpd(service) ||
		    !main_cf_is_own(cf, service, RESTRICT_LIST))
			continue;
		main_cf_value_of(cf, service, RESTRICT_LIST, &value);
		const char *own = master_override(service, RESTRICT_LIST);
		if (strstr(buf_text(&value), socket) ||
		    (own && strstr(own, "mailauth_")) || restrict_is_closed(cf, service))
			continue;
		plan_note(plan,
		          _("%s/%s in master.cf sets %s itself: mail through it is not "
		            "checked with SPF"),
		          service->name, service->type, RESTRICT_LIST);
	}
}
