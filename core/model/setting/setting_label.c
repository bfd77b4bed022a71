/*
 * Labels of a hosting panel's page: rows only, and the comparison with what a user types.
 *
 * Sources: [1] the panel's present manual and knowledge base (its sections on DKIM and DMARC, and
 * the list of SPF modes with its Spanish edition); [2] a description of that page by an
 * administrator (2019); [3] the manual of the panel's version 8 and 9 (English) and 9 (Spanish);
 * [5] that of its version 12, whose list of modes is the last one that is published in English;
 * [4] the list of values of control/spfbehavior in the SPF patch of qmail, whose numbers the modes
 * of the panel and ours are.
 */
#include "core/model/setting/setting_label.h"

#include <string.h>

#include "core/base/buf.h"

#define PANEL "panel"        /* [1], [2] */
#define PANEL_12 "panel 12"  /* [5] */
#define OLDER "panel, older" /* [3] */
#define QMAIL "qmail"        /* [4] */

/* clang-format off */
const struct setting_label setting_labels[] = {
	{ SET_DKIM_SIGN, "on", "en", PANEL, "Allow signing outgoing mail" },
	/* of a domain */
	{ SET_DKIM_SIGN, "on", "en", PANEL,
	  "Use DKIM spam protection system to sign outgoing email messages" },
	{ SET_DKIM_VERIFY, "on", "en", PANEL, "Verify incoming mail" },
	{ SET_DMARC_CHECK, "on", "en", PANEL, "Enable DMARC to check incoming mail" },
	{ SET_SPF_CHECK, "on", "en", PANEL,
	  "Enable SPF spam protection to check incoming mail" },
	{ SET_SPF_CHECK, "on", "en", OLDER, "Switch on SPF spam protection" },
	{ SET_SPF_CHECK, "on", "es", OLDER, "Activar protección spam SPF" },
	{ SET_SPF_EXPLANATION, NULL, "en", PANEL_12, "SPF explanation text" },
	{ SET_SPF_EXPLANATION, NULL, "es", OLDER, "Texto de explicación SPF" },
	{ SET_SPF_GUESS_RULES, NULL, "en", PANEL_12, "SPF guess rules" },
	{ SET_SPF_GUESS_RULES, NULL, "es", OLDER, "Reglas guess SPF" },
	{ SET_SPF_LOCAL_RULES, NULL, "en", OLDER, "SPF local rules" },
	{ SET_SPF_LOCAL_RULES, NULL, "es", OLDER, "Reglas SPF locales" },
	{ SET_SPF_MODE, NULL, "en", PANEL, "SPF checking mode" },
	{ SET_SPF_MODE, "headers-only", "en", PANEL,
	  "Only create Received SPF-headers, never block" },
	{ SET_SPF_MODE, "headers-only", "es", PANEL,
	  "Solo crear cabeceras SPF recibidas, nunca bloquear" },
	{ SET_SPF_MODE, "headers-only", "en", OLDER,
	  "Create only Received SPF-headers, never block" },
	{ SET_SPF_MODE, "defer-dns-errors", "en", PANEL_12,
	  "Use temporary error notices when you have DNS lookup problems" },
	{ SET_SPF_MODE, "defer-dns-errors", "en", OLDER,
	  "In case of DNS lookup problems, generate temporary errors" },
	{ SET_SPF_MODE, "defer-dns-errors", "en", QMAIL,
	  "Use temporary errors when you have DNS lookup problems" },
	{ SET_SPF_MODE, "reject-fail", "en", PANEL_12,
	  "Reject mail if SPF resolves to \"fail\" (deny)" },
	{ SET_SPF_MODE, "reject-fail", "en", OLDER, "Reject mail if SPF resolves to fail" },
	{ SET_SPF_MODE, "reject-fail", "en", QMAIL,
	  "Reject mails when SPF resolves to fail (deny)" },
	{ SET_SPF_MODE, "reject-softfail", "en", PANEL_12,
	  "Reject mail if SPF resolves to \"softfail\"" },
	{ SET_SPF_MODE, "reject-softfail", "en", OLDER,
	  "Reject mail if SPF resolves to softfail" },
	{ SET_SPF_MODE, "reject-softfail", "en", QMAIL,
	  "Reject mails when SPF resolves to softfail" },
	{ SET_SPF_MODE, "reject-neutral", "en", PANEL_12,
	  "Reject mail if SPF resolves to \"neutral\"" },
	{ SET_SPF_MODE, "reject-neutral", "en", OLDER,
	  "Reject mail if SPF resolves to neutral" },
	{ SET_SPF_MODE, "reject-neutral", "en", QMAIL,
	  "Reject mails when SPF resolves to neutral" },
	{ SET_SPF_MODE, "reject-not-pass", "en", PANEL_12,
	  "Reject mail if SPF does not resolve to \"pass\"" },
	{ SET_SPF_MODE, "reject-not-pass", "en", OLDER,
	  "Reject mail if SPF does not resolve to pass" },
	{ SET_SPF_MODE, "reject-not-pass", "en", QMAIL,
	  "Reject mails when SPF does not resolve to pass" },
};
/* clang-format on */
const unsigned setting_label_count = ARRAY_LEN(setting_labels);

/* ASCII and the capitals of Latin-1, which Spanish uses, in UTF-8 (0xC3 0x80 to 0xC3 0x9E). */
static char folded(unsigned char octet, unsigned char before)
{
	if ((octet >= 'A' && octet <= 'Z') ||
	    (before == 0xc3 && octet >= 0x80 && octet <= 0x9e && octet != 0x97))
		return (char)(octet + 0x20);
	return (char)octet;
}

/* Words in small letters with one blank between them: the editions of one label differ in hyphens
 * and quotes ("Received-SPF headers", "Received SPF-headers"). */
static void fold(const char *text, struct buf *out)
{
	unsigned char before = 0;
	bool is_gap = false;
	for (; *text; text++) {
		unsigned char octet = (unsigned char)*text;
		char c = folded(octet, before);
		before = octet;
		if (octet < 0x80 && !(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
			is_gap = true;
			continue;
		}
		if (is_gap && out->len)
			buf_putc(out, ' ');
		is_gap = false;
		buf_putc(out, c);
	}
}

const char *setting_label_value(enum setting_key key, const char *text)
{
	auto_buf typed = BUF_INIT;
	fold(text, &typed);
	for (unsigned i = 0; i < setting_label_count; i++) {
		const struct setting_label *row = &setting_labels[i];
		auto_buf label = BUF_INIT;
		if (row->key != key || !row->value)
			continue;
		fold(row->text, &label);
		if (strcmp(buf_text(&label), buf_text(&typed)) == 0)
			return row->value;
	}
	return NULL;
}
