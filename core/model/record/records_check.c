/*
 * Whether records are consistent, and their text as a zone.  Data was made canonical when the list
 * was derived.
 */
#include "core/model/record/records.h"

#include <stdbool.h>
#include <string.h>

#include "core/base/alloc.h"
#include "core/model/record/record_text.h"
#include "dnszone/name/name.h"
#include "dnszone/name/rr.h"

static bool is_type(const struct record_row *row, const char *type)
{
	return strcmp(row->type, type) == 0;
}

static int check_row(const struct record_row *row, const char *name, struct err *err)
{
	if (!name_is_at_or_below(row->owner, name))
		return err_set(err, ERR_FAILED,
		               _("the record %s %s is not at or below %s"), row->owner,
		               row->type, name);
	if (strlen(row->owner) > NAME_MAX_LEN)
		return err_set(err, ERR_FAILED, _("the name %s is longer than %d octets"),
		               row->owner, NAME_MAX_LEN);
	if (is_type(row, "SOA") && strcmp(row->owner, name) != 0)
		return err_set(err, ERR_FAILED,
		               _("a SOA record must be at %s, not at %s"), name,
		               row->owner);
	if (is_type(row, "CNAME") && strcmp(row->owner, name) == 0)
		return err_set(
			err, ERR_FAILED,
			_("%s cannot have a CNAME record: the name of a domain has "
		          "other records"),
			name);
	int r = policy_check(row->kind, row->rdata, err);
	return r < 0 ? err_prefix(err, "%s %s", row->owner, row->type) : 0;
}

/* Whether `owner` is that of a DKIM key ("<selector>._domainkey.<name>"). */
static bool is_at_selector(const char *owner, const char *name)
{
	const char *at = strstr(owner, "._domainkey.");
	return at && at > owner && strcmp(at + strlen("._domainkey."), name) == 0;
}

/* Two records at one owner. */
static int check_pair(const struct record_row *a, const struct record_row *b,
                      const char *name, struct err *err)
{
	if (is_type(a, "CNAME") || is_type(b, "CNAME"))
		return err_set(
			err, ERR_FAILED,
			_("%s would have a CNAME record and another record, which DNS "
		          "does not allow"),
			a->owner);
	if (!is_type(a, b->type))
		return 0;
	if (is_type(a, "SOA"))
		return err_set(err, ERR_FAILED, _("%s would have two SOA records"),
		               a->owner);
	if (strcmp(a->rdata, b->rdata) == 0)
		return err_set(err, ERR_FAILED,
		               _("%s already has that %s record: %.200s"), a->owner,
		               a->type, a->rdata);
	if (a->kind != POLICY_OTHER && a->kind == b->kind)
		return err_set(
			err, ERR_FAILED,
			_("%s would have two %s records, and receivers ignore both; "
		          "change the existing one (%s)"),
			a->owner, record_text_policy(a->kind), *a->id ? a->id : b->id);
	if (is_type(a, "TXT") && is_at_selector(a->owner, name))
		return err_set(
			err, ERR_FAILED,
			_("%s would have two key records, but a selector must name one "
		          "key"),
			a->owner);
	return 0;
}

int records_check_rows(const struct record_list *list, const char *name,
                       const struct record_row **ret_one,
                       const struct record_row **ret_other, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < list->count; i++) {
		*ret_one = *ret_other = &list->row[i];
		r = check_row(&list->row[i], name, err);
		for (size_t k = 0; r == 0 && k < i; k++) {
			*ret_other = &list->row[k];
			if (strcmp(list->row[i].owner, list->row[k].owner) == 0)
				r = check_pair(&list->row[k], &list->row[i], name, err);
		}
	}
	return r;
}

int records_check(const struct record_list *list, const char *name, struct err *err)
{
	const struct record_row *one, *other;
	return records_check_rows(list, name, &one, &other, err);
}

int records_check_domain(struct store *store, const struct domain *domain,
                         struct err *err)
{
	auto_records records = NULL;
	auto_record_list list = RECORD_LIST_INIT;
	int r = records_new(store, NULL, &records, err);
	if (r >= 0)
		r = records_of_domain(records, domain, &list, err);
	return r < 0 ? r : records_check(&list, domain->name, err);
}

/* ---- zone text ------------------------------------------------------------------------------ */

static int refuse_nameless(struct err *err)
{
	err_set(err, ERR_FAILED,
	        _("zone.format full requires an SOA and an NS record, and the value of "
	          "<hostname> is not known"));
	return err_add_remedy(err, "mailauthctl server set mta.hostname <name>");
}

static int check_zone_head(const struct record_list *list, const char *name,
                           struct err *err)
{
	bool has_soa = false, has_ns = false;
	for (size_t i = 0; i < list->count; i++) {
		has_soa |= is_type(&list->row[i], "SOA");
		has_ns |= is_type(&list->row[i], "NS") &&
		          strcmp(list->row[i].owner, name) == 0;
	}
	if (has_soa && has_ns)
		return 0;
	for (size_t i = 0; i < list->lacking_count; i++)
		if (strcmp(list->lacking[i], "hostname") == 0)
			return refuse_nameless(err);
	err_set(err, ERR_FAILED,
	        _("zone.format full requires an SOA and an NS record: run "
	          "\"mailauthctl template add '<domain>.' %s ...\", then \"mailauthctl "
	          "template apply --all\""),
	        has_soa ? "NS" : "SOA");
	return err_set_remedy(err, "mailauthctl template add '<domain>.' %s ...",
	                      has_soa ? "NS" : "SOA");
}

/* Owner, TTL, class, type and two names precede the serial of an SOA line. */
static size_t serial_offset(const char *line)
{
	const char *at = line;
	for (int words = 0; words < 6; words++) {
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return (size_t)(at - line);
}

int records_put_zone(const struct record_list *list, const char *name,
                     enum zone_format format, struct buf *out, size_t *ret_serial_at,
                     struct err *err)
{
	int r = format == ZONE_FULL ? check_zone_head(list, name, err) : 0;
	for (size_t i = 0; r == 0 && i < list->count; i++) {
		const struct record_row *row = &list->row[i];
		if (!is_type(row, "SOA")) {
			rr_put_line(out, row->owner, row->ttl, row->type, row->rdata);
		} else if (format == ZONE_FULL) {
			auto_free char *rdata = rr_soa_with_serial(row->rdata, 0);
			size_t start = out->len;
			rr_put_line(out, row->owner, row->ttl, row->type, rdata);
			*ret_serial_at = start + serial_offset(buf_text(out) + start);
		}
	}
	return r;
}
