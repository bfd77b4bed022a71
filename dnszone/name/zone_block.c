/*
 * Our block in an administrator's zone file.
 *
 * The lines of the block have absolute names, TTL and class, so they do not depend on what precedes
 * them.  For reading what is not ours, the octets of the block are replaced by spaces, which keeps
 * line numbers and places.  The result is read again: a bracket that is open at the block, or a line
 * after it that takes its owner, is detected there.
 */
#include "dnszone/name/zone_block.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/base/alloc.h"
#include "core/base/digest.h"
#include "dnszone/name/name.h"
#include "dnszone/name/rr.h"
#include "dnszone/name/serial.h"
#include "dnszone/name/zone_scan.h"

#define MARK_BEGIN \
	"; mailauthctl: begin (the lines up to the end mark are mailauthctl's)\n"
#define MARK_END "; mailauthctl: end\n"

struct span {
	size_t from, to;
};

struct work {
	struct octets text;
	const char *origin;
	const struct zone_block_record *record;
	size_t count;
	bool *is_there; /* for each record: the file has it outside of the block */
	size_t soas, soa_line;
	size_t block_from, block_to; /* lines of the block, the latter excluded */
	struct digest_state *digest; /* of the entries */
	struct err *err;
	int status;
};

/* ---- marks ----------------------------------------------------------------------------------- */

static size_t line_end(struct octets text, size_t at)
{
	const char *feed = memchr(text.at + at, '\n', text.len - at);
	return feed ? (size_t)(feed - text.at) + 1 : text.len;
}

static size_t line_of(struct octets text, size_t at)
{
	size_t line = 1;
	for (size_t i = 0; i < at; i++)
		line += text.at[i] == '\n';
	return line;
}

static bool is_line(struct octets text, size_t at, size_t end, const char *mark)
{
	size_t len = strlen(mark) - 1;
	while (end > at && (text.at[end - 1] == '\n' || text.at[end - 1] == '\r'))
		end--;
	return end - at == len && memcmp(text.at + at, mark, len) == 0;
}

/* Where the block is, marks included; an empty span at the end: nowhere. */
static int find_block(struct octets text, struct span *ret_block, struct err *err)
{
	struct span block = { text.len, text.len };
	size_t line = 1, marks = 0, wrong = 0;
	for (size_t at = 0, end; at < text.len && !wrong; at = end, line++) {
		end = line_end(text, at);
		bool begins = is_line(text, at, end, MARK_BEGIN);
		if (!begins && !is_line(text, at, end, MARK_END))
			continue;
		if (marks == (begins ? 0 : 1))
			*(begins ? &block.from : &block.to) = begins ? at : end;
		else
			wrong = line;
		marks++;
	}
	if (!wrong && marks == 1)
		wrong = line_of(text, block.from);
	if (wrong)
		return err_set(err, ERR_FAILED,
		               _("line %zu: the marks of mailauthctl do not form one "
		                 "block"),
		               wrong);
	*ret_block = block;
	return 0;
}

/* ---- what is outside ------------------------------------------------------------------------- */

static int refuse(struct work *work, size_t line, const char *why)
{
	work->status = err_set(work->err, ERR_FAILED, _("line %zu: %s"), line, why);
	return work->status;
}

/* The first word: "v=spf1" of an SPF policy. */
static size_t version_len(const char *text, size_t len)
{
	size_t end = 0;
	while (end < len && text[end] != ' ' && text[end] != ';')
		end++;
	return end;
}

/* Whether a TXT record of another content at the same owner contradicts ours: at names such as
 * _dmarc every one does, elsewhere one of the same version. */
static bool is_rival(const struct zone_block_record *record, struct octets text)
{
	size_t len = version_len(record->rdata, strlen(record->rdata));
	return record->owner[0] == '_' || strstr(record->owner, "._domainkey.") ||
	       (len > 2 && strncasecmp(record->rdata, "v=", 2) == 0 &&
	        version_len(text.at, text.len) == len &&
	        strncasecmp(record->rdata, text.at, len) == 0);
}

static void compare(struct work *work, const struct zone_entry *entry, size_t i)
{
	const struct zone_block_record *record = &work->record[i];
	bool is_type = strcasecmp(entry->type, record->type) == 0;
	bool is_text = is_type && strcmp(record->type, "TXT") == 0;
	if (strcmp(entry->owner, record->owner) != 0)
		return;
	if (is_text && entry->text.len == strlen(record->rdata) &&
	    memcmp(entry->text.at, record->rdata, entry->text.len) == 0) {
		work->is_there[i] = true;
		return;
	}
	if (is_text ? !is_rival(record, entry->text)
	            : !is_type && strcasecmp(entry->type, "CNAME") != 0 &&
	                      strcmp(record->type, "CNAME") != 0)
		return;
	work->status = err_set(work->err, ERR_FAILED,
	                       _("line %zu: %s has another %s record, which contradicts "
	                         "the record that would be added"),
	                       entry->line, entry->owner, entry->type);
}

static void look_at(void *arg, const struct zone_entry *entry)
{
	struct work *work = arg;
	if (work->status < 0)
		return;
	if (entry->is_not_followed)
		return;
	if (entry->fault) {
		refuse(work, entry->line, entry->fault);
		return;
	}
	if (entry->line >= work->block_from && entry->line < work->block_to)
		return;
	digest_text(work->digest, entry->owner);
	digest_text(work->digest, entry->type);
	digest_text(work->digest, entry->origin);
	digest_text(work->digest, entry->target);
	digest_piece(work->digest, entry->text.at, entry->text.len);
	if (strcasecmp(entry->type, "SOA") == 0) {
		work->soas++;
		work->soa_line = entry->line;
		if (work->soas > 1 || strcmp(entry->owner, work->origin) != 0)
			refuse(work, entry->line,
			       _("the SOA record is not the only one, or not of this "
			         "domain"));
	}
	for (size_t i = 0; i < work->count && work->status == 0; i++)
		compare(work, entry, i);
}

static void look_inside(void *arg, const struct zone_entry *entry)
{
	struct work *work = arg;
	if (work->status == 0 && entry->owner &&
	    !name_is_at_or_below(entry->owner, work->origin))
		refuse(work, work->block_from + entry->line - 1,
		       _("the block has records of another domain"));
}

/* A file with relative names does not say whose zone it is, but a present block does. */
static int read_inside(struct work *work, const struct span *block)
{
	struct octets inside = { work->text.at + block->from, block->to - block->from };
	work->block_from = line_of(work->text, block->from);
	zone_scan(inside, work->origin, look_inside, work);
	work->block_from = 0;
	return work->status;
}

/* Reads the text without the octets of the block; *ret_digest: its entries. */
static int read_outside(struct work *work, const struct span *block,
                        struct digest *ret_digest)
{
	auto_free char *masked = xmemdup(work->text.at, work->text.len);
	for (size_t at = block->from; at < block->to; at++)
		if (masked[at] != '\n')
			masked[at] = ' ';
	work->digest = digest_new();
	zone_scan((struct octets){ masked, work->text.len }, work->origin, look_at, work);
	digest_finish(work->digest, ret_digest);
	if (work->status == 0 && work->soas == 0)
		return err_set(work->err, ERR_FAILED,
		               _("it has no SOA record of %s, so it is not its zone "
		                 "file"),
		               work->origin);
	return work->status;
}

/* ---- serial ---------------------------------------------------------------------------------- */

/* The next word from `at`: without comments, brackets and line breaks. */
static struct span next_word(struct octets text, size_t at)
{
	while (at < text.len && strchr(" \t\r\n()", text.at[at]))
		at++;
	if (at < text.len && text.at[at] == ';')
		return next_word(text, line_end(text, at));
	struct span word = { at, at };
	while (word.to < text.len && !strchr(" \t\r\n();", text.at[word.to]))
		word.to += text.at[word.to] == '\\' && word.to + 1 < text.len ? 2 : 1;
	return word;
}

/* The third word after the type of the SOA record, which begins in work->soa_line. */
static int find_serial(struct work *work, struct span *ret_serial, uint32_t *ret_value)
{
	struct octets text = work->text;
	size_t at = 0;
	for (size_t line = 1; line < work->soa_line; line++)
		at = line_end(text, at);
	struct span word = { at, at };
	bool has_owner = at < text.len && !strchr(" \t(", text.at[at]);
	if (has_owner)
		word = next_word(text, at);
	do
		word = next_word(text, word.to);
	while (word.to > word.from &&
	       (word.to - word.from != 3 || strncasecmp(text.at + word.from, "SOA", 3)));
	for (int i = 0; i < 3; i++)
		word = next_word(text, word.to);
	size_t len = word.to - word.from;
	auto_free char *digits = xmemdup(text.at + word.from, len);
	unsigned long long value = strtoull(digits, NULL, 10);
	if (len == 0 || len > 10 || strspn(digits, "0123456789") != len ||
	    value > UINT32_MAX)
		return refuse(work, work->soa_line,
		              _("the serial of the SOA record is not a number"));
	*ret_serial = word;
	*ret_value = (uint32_t)value;
	return 0;
}

/* ---- all ------------------------------------------------------------------------------------- */

static void put_block(const struct work *work, struct buf *out)
{
	buf_puts(out, MARK_BEGIN);
	for (size_t i = 0; i < work->count; i++)
		if (!work->is_there[i])
			rr_put_line(out, work->record[i].owner, work->record[i].ttl,
			            work->record[i].type, work->record[i].rdata);
	buf_puts(out, MARK_END);
}

static size_t count_left(const struct work *work)
{
	size_t left = 0;
	for (size_t i = 0; i < work->count; i++)
		left += !work->is_there[i];
	return left;
}

/* ldns reads the block as our records, and every other entry as before. */
static int check_result(const struct work *before, const struct buf *out,
                        const struct digest *digest, struct err *err)
{
	struct work after = *before;
	struct span block;
	struct digest now;
	auto_buf lines = BUF_INIT;
	size_t records = 0;
	after.text = (struct octets){ buf_text(out), out->len };
	after.soas = 0;
	int r = find_block(after.text, &block, err);
	if (r < 0)
		return r;
	buf_add(&lines, after.text.at + block.from, block.to - block.from);
	r = zone_read_back(buf_text(&lines), lines.len, before->origin, false, &records,
	                   err);
	if (r < 0)
		return r;
	after.block_from = line_of(after.text, block.from);
	after.block_to = line_of(after.text, block.to);
	r = read_outside(&after, &(struct span){ 0, 0 }, &now);
	if (r == 0 && memcmp(&now, digest, sizeof(now)) != 0)
		return refuse(
			&after, after.block_to,
			_("a record outside of the block depends on the line before "
		          "it, and would become another one"));
	return r;
}

int zone_block_put(struct octets text, const char *origin,
                   const struct zone_block_record *records, size_t count, int64_t now,
                   struct buf *out, bool *ret_is_changed, struct err *err)
{
	auto_free bool *is_there = xcalloc(count + 1, sizeof(*is_there));
	struct work work = { .text = text,
		             .origin = origin,
		             .record = records,
		             .count = count,
		             .is_there = is_there,
		             .err = err };
	struct span block, serial = { 0, 0 };
	struct digest digest;
	auto_buf lines = BUF_INIT, whole = BUF_INIT;
	uint32_t value = 0;
	int r = find_block(text, &block, err);
	if (r == 0)
		r = read_inside(&work, &block);
	if (r == 0)
		r = read_outside(&work, &block, &digest);
	if (r == 0)
		r = find_serial(&work, &serial, &value);
	if (r < 0)
		return r;
	put_block(&work, &lines);
	bool is_new = block.from == block.to;
	*ret_is_changed =
		is_new ? count_left(&work) > 0
		       : block.to - block.from != lines.len ||
				 memcmp(text.at + block.from, lines.at, lines.len) != 0;
	if (!*ret_is_changed)
		return 0;
	buf_add(&whole, text.at, block.from);
	if (is_new && text.at[text.len - 1] != '\n')
		buf_putc(&whole, '\n');
	buf_add(&whole, lines.at, lines.len);
	buf_add(&whole, text.at + block.to, text.len - block.to);
	/* the SOA record may also follow the block */
	size_t at = serial.from < block.from
	                    ? serial.from
	                    : serial.from - (block.to - block.from) + lines.len;
	size_t len = serial.to - serial.from;
	auto_buf result = BUF_INIT;
	buf_add(&result, whole.at, at);
	buf_printf(&result, "%u", (unsigned)serial_next(value, now));
	buf_add(&result, whole.at + at + len, whole.len - at - len);
	r = check_result(&work, &result, &digest, err);
	if (r == 0)
		buf_add(out, result.at, result.len);
	return r;
}
