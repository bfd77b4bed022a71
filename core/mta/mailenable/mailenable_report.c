/*
 * The text of a report.
 *
 * Names of menus, tabs and options are those of the published manual of MailEnable (version 10) and of its
 * page about SPF.  What neither describes, such as how a key of another program is taken, is said to be
 * undescribed.
 */
#include "core/mta/mailenable/mailenable_report.h"

#include <string.h>

#include "dnszone/name/rr.h"
#include "dnszone/spf/spf_mode.h"

#define MANUAL "version 10"

struct report {
	const struct mailenable_facts *facts;
	struct buf *into;
	unsigned step;
};

static void heading(struct report *report, const char *text)
{
	buf_printf(report->into, "\n%s\n", text);
	for (size_t i = strlen(text); i > 0; i--)
		buf_putc(report->into, '-');
	buf_putc(report->into, '\n');
	report->step = 0;
}

static void begin_step(struct report *report)
{
	buf_printf(report->into, "%2u. ", ++report->step);
}

static void step(struct report *report, const char *text)
{
	begin_step(report);
	buf_printf(report->into, "%s\n", text);
}

static void line(struct report *report, const char *text)
{
	buf_printf(report->into, "%s\n", text);
}

/* ---- records ---------------------------------------------------------------------------------- */

/* Of mail authentication, not those of hosts. */
static bool is_ours(const struct record_row *row)
{
	return row->kind != POLICY_OTHER || strcmp(row->source, "dkim") == 0 ||
	       strcmp(row->source, "policy") == 0 || strcmp(row->source, "former") == 0;
}

static void put_records(struct report *report)
{
	const struct record_list *list = report->facts->records;
	size_t count = 0;
	heading(report, "Records in DNS");
	for (size_t i = 0; i < list->count; i++)
		count += is_ours(&list->row[i]);
	line(report,
	     count ? "Each line is a record in the format of a zone file.  In a form, the strings of one"
	             "\nrecord are entered without their quotes, one after the other without a blank."
	           : "None.");
	if (count)
		buf_putc(report->into, '\n');
	for (size_t i = 0; i < list->count; i++) {
		const struct record_row *row = &list->row[i];
		if (is_ours(row))
			rr_put_line(report->into, row->owner, row->ttl, row->type,
			            row->rdata);
	}
	for (size_t i = 0; i < list->had_count; i++)
		buf_printf(report->into,
		           "\nThe zone has its own record at %s, which ours does not "
		           "replace:\n%s %s\n",
		           list->had[i].owner, list->had[i].type, list->had[i].rdata);
	for (size_t i = 0; i < list->lacking_count; i++)
		buf_printf(report->into,
		           "\nRecords that contain <%s> are left out: it is not known.\n",
		           list->lacking[i]);
}

/* ---- signing ---------------------------------------------------------------------------------- */

static void put_server_switch(struct report *report)
{
	heading(report, "DKIM: once for the server");
	if (report->facts->edition != MAILENABLE_PROFESSIONAL)
		line(report,
		     report->facts->edition == MAILENABLE_STANDARD
		             ? "DKIM requires MailEnable Standard 9.16 or later."
		             : "DKIM requires MailEnable Professional, or MailEnable Standard "
		               "9.16 or later.");
	step(report,
	     "In the administration program, open Servers > Localhost > Extensions.");
	step(report, "Right-click \"Domain Keys (DKIM)\" and select Properties.");
	step(report,
	     "Tick \"Enable DomainKeys Identified Mail (DKIM) functionality on this\n"
	     "    server\".");
}

static void open_domain(struct report *report)
{
	step(report,
	     "Open MailEnable Management > Messaging Manager > Post Offices > (the post\n"
	     "    office of the domain) > Domains.");
	begin_step(report);
	buf_printf(report->into, "Right-click %s and select Properties.\n",
	           report->facts->name);
	step(report, "Select the tab DKIM and click Configure.");
}

static void put_key(struct report *report, const char *selector)
{
	const char *name = report->facts->name;
	begin_step(report);
	buf_printf(report->into,
	           "Use the selector \"%s\".  Its key file on the server is\n", selector);
	buf_printf(report->into, "        Config\\DKIM\\%s-%s.key\n", selector, name);
	line(report, "    in the folder of MailEnable.");
	step(report, "Tick \"Sign outgoing messages\".");
	step(report,
	     "Select the encryption algorithm rsa-sha256, and the canonicalization relaxed\n"
	     "    for headers and body.");
	begin_step(report);
	buf_printf(report->into,
	           "Compare the public key of the server with the record of\n"
	           "    %s._domainkey.%s above.  Signatures of another key fail.\n",
	           selector, name);
	line(report, "");
	line(report,
	     "The manual of MailEnable does not describe how it takes the key of another");
	line(report,
	     "program.  If the server makes the key itself, with a selector of its own, publish");
	line(report, "the record of that key, and add it here:");
	buf_printf(
		report->into,
		"    mailauthctl record add %s <selector>._domainkey TXT '<its text>'\n",
		name);
	if (report->facts->edition != MAILENABLE_PROFESSIONAL)
		line(report,
		     "One published description of the Standard edition has no tab DKIM there and\n"
		     "writes these files by hand; that was not tried.");
}

static const char *selector_of(const struct mailenable_facts *facts)
{
	for (size_t i = 0; i < facts->keys; i++)
		if (facts->key[i].is_rsa)
			return facts->key[i].selector;
	return NULL;
}

static void put_signing(struct report *report)
{
	const struct mailenable_facts *facts = report->facts;
	const char *selector = selector_of(facts);
	if (selector)
		put_server_switch(report);
	heading(report, "DKIM: for this domain");
	if (!selector && facts->is_waiting) {
		line(report,
		     "Publish the DKIM record above.  This report has the steps for signing as soon as");
		line(report,
		     "the record is known to be public; \"mailauthctl mta status\" shows what is");
		line(report, "waited for.");
		return;
	}
	open_domain(report);
	if (selector)
		put_key(report, selector);
	else
		step(report, "Clear \"Sign outgoing messages\".");
}

/* ---- SPF -------------------------------------------------------------------------------------- */

static bool has_text(const char *text)
{
	return text && *text;
}

static void put_rules(struct report *report, const char *option, const char *rules)
{
	begin_step(report);
	if (has_text(rules))
		buf_printf(report->into, "Tick \"%s\" and enter:\n        %s\n", option,
		           rules);
	else
		buf_printf(report->into, "Clear \"%s\".\n", option);
}

static void put_spf(struct report *report)
{
	const struct mailenable_facts *facts = report->facts;
	const struct spf_settings *spf = &facts->desired->spf;
	if (facts->edition == MAILENABLE_STANDARD)
		return;
	heading(report, "SPF of incoming mail: once for the server");
	if (facts->edition == MAILENABLE_ANY)
		line(report,
		     "The Professional and Enterprise editions have these options.");
	step(report, "Open the SPF options of the SMTP service.");
	if (!facts->desired->checks_spf) {
		step(report, "Clear \"Enable SPF\".");
		return;
	}
	step(report, "Tick \"Enable SPF\".");
	step(report, spf->mode >= SPF_REJECT_FAIL ? "Tick \"Reject failures\"."
	                                          : "Clear \"Reject failures\".");
	step(report, "Tick \"Add Received-SPF header for unauthenticated senders\".");
	step(report, "Tick \"Pass local IP addresses\".");
	put_rules(report, "Enable local white list policy", spf->local_rules);
	put_rules(report, "Apply best guess policy for domains without SPF",
	          spf->guess_rules);
}

/* ---- what it does not do ---------------------------------------------------------------------- */

struct lack {
	bool is_there;
	const char *text;
};

static bool has_other_key(const struct mailenable_facts *facts)
{
	for (size_t i = 0; i < facts->keys; i++)
		if (!facts->key[i].is_rsa)
			return true;
	return false;
}

static void put_lacks(struct report *report)
{
	const struct mailenable_facts *facts = report->facts;
	const struct desired *d = facts->desired;
	bool has_spf = d->checks_spf && facts->edition != MAILENABLE_STANDARD;
	const struct lack lacks[] = {
		{ d->checks_spf && facts->edition == MAILENABLE_STANDARD,
		  "spf.check on: the Standard edition does not check SPF." },
		{ has_spf && d->spf.mode == SPF_DEFER_DNS_ERRORS,
		  "spf.mode defer-dns-errors: it does not defer mail; it only adds the header." },
		{ has_spf && d->spf.mode > SPF_REJECT_FAIL,
		  "spf.mode: it rejects the result fail only." },
		{ has_spf && has_text(d->spf.explanation),
		  "spf.explanation: it has no text for rejections." },
		{ has_spf && has_text(d->spf.guess_rules) &&
		          d->spf.guess_scope != SPF_GUESS_NO_RECORD,
		  "spf.guess-scope most-permissive: it guesses only without a record." },
		{ has_spf && d->spf.does_continue_on_dns_error,
		  "spf.continue-on-dns-error on: it has no such option." },
		{ d->verifies,
		  "dkim.verify on: the switch of the server is the only one that is described; it\n"
		  "  is not known what it does with messages whose signatures fail." },
		{ d->checks_dmarc, "dmarc.check on: it does not check DMARC." },
		{ d->has_srs, "srs.enabled on: it does not rewrite senders." },
		{ d->trusted_relay_count > 0,
		  "mta.trusted-relays: an option for it is not described." },
		{ d->signing_network_count > 0,
		  "mta.signing-networks: an option for it is not described." },
		{ has_other_key(facts), "dkim.algorithm: it signs with RSA keys only." },
	};
	bool is_any = false;
	for (size_t i = 0; i < ARRAY_LEN(lacks); i++) {
		if (!lacks[i].is_there)
			continue;
		if (!is_any)
			heading(report, "What MailEnable does not do");
		is_any = true;
		buf_printf(report->into, "- %s\n", lacks[i].text);
	}
}

void mailenable_report(const struct mailenable_facts *facts, struct buf *into)
{
	static const char *const titles[] = {
		[MAILENABLE_ANY] = "MailEnable",
		[MAILENABLE_PROFESSIONAL] = "MailEnable Professional",
		[MAILENABLE_STANDARD] = "MailEnable Standard",
	};
	struct report report = { facts, into, 0 };
	buf_printf(into, "%s: %s\n\n", titles[facts->edition], facts->name);
	line(&report,
	     "mailauthctl does not change a MailEnable server; an administrator carries out these");
	line(&report, "steps.  They follow the manual of MailEnable, " MANUAL
	              ", and were not tried with a real");
	line(&report, "server.  Each push writes this file again.");
	put_records(&report);
	put_signing(&report);
	put_spf(&report);
	put_lacks(&report);
}
