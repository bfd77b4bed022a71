/* The settings: rows only.  Types are in setting_type.c, rules between settings in setting.c. */
#include "core/model/setting/setting.h"

#define DAY 86400
#define FOREVER 2147483647

/* clang-format off */
static const char *const words_activate[] = { "exported", "seen", "now", NULL };
static const char *const help_activate[] = {
	N_("its zone was exported"),
	N_("all name servers of the zone return its record"),
	N_("nothing; it signs at once"),
	NULL,
};
static const char *const words_algorithm[] = { "rsa", "ed25519", "both", NULL };
static const char *const help_algorithm[] = {
	N_("verified by all receivers"),
	N_("short, but some receivers do not verify it"),
	N_("a key of each type; OpenDKIM signs with the RSA key"),
	NULL,
};
static const char *const words_backend[] = {
	"auto", "postfix", "exim", "qmail", "smartermail", "icewarp", "mailenable", "mailenable-standard", "directory", NULL,
};
static const char *const words_filter[] = { "auto", "opendkim", "rspamd", NULL };
static const char *const words_format[] = { "include", "full", NULL };
static const char *const help_format[] = {
	N_("records for $INCLUDE"),
	N_("whole zones with SOA and NS"),
	NULL,
};
static const char *const words_mode[] = {
	"headers-only",   "defer-dns-errors", "reject-fail", "reject-softfail",
	"reject-neutral", "reject-not-pass",  NULL
};
static const char *const help_mode[] = {
	N_("only a Received-SPF header, never a rejection"),
	N_("and temperror defers the message"),
	N_("and fail is rejected"),
	N_("and softfail is rejected"),
	N_("and neutral is rejected"),
	N_("and none and permerror are rejected: only pass is accepted"),
	NULL,
};
static const char *const words_position[] = { "first", "last", NULL };
static const char *const help_position[] = { N_("before them"), N_("after them"), NULL };
static const char *const words_scope[] = { "no-record", "most-permissive", NULL };
static const char *const help_scope[] = {
	N_("only for senders without a record"),
	N_("in addition to the record; the more permissive result applies"),
	NULL,
};
static const char *const words_service[] = { "hosted", "external", "off", NULL };
static const char *const help_service[] = {
	N_("this host's export"),
	N_("another server; records are printed to paste"),
	N_("no server"),
	NULL,
};
/* clang-format on */

const struct setting_row setting_table[SETTING_COUNT] = {
	[SET_DKIM_ACTIVATE] = {
		.key = "dkim.activate", .type = SETTING_ENUM, .flags = SETTING_AT_DOMAIN,
		.default_text = "exported", .words = words_activate,
		.word_help = help_activate,
		.help = N_("what a key requires before it signs"),
	},
	[SET_DKIM_ALGORITHM] = {
		.key = "dkim.algorithm", .type = SETTING_ENUM, .flags = SETTING_AT_DOMAIN,
		.default_text = "rsa", .words = words_algorithm,
		.word_help = help_algorithm,
		.help = N_("type of generated keys"),
	},
	[SET_DKIM_POLICY] = {
		.key = "dkim.policy", .type = SETTING_POLICY,
		.flags = SETTING_AT_DOMAIN | SETTING_IN_ZONES, .default_text = "o=-",
		.help = N_("text of the _domainkey record, or none for no such record"),
	},
	[SET_DKIM_RETIRE_AFTER] = {
		.key = "dkim.retire-after", .type = SETTING_DURATION, .flags = SETTING_AT_DOMAIN,
		.default_text = "7d", .min = 5 * DAY, .max = FOREVER,
		.help = N_("how long a record is published after its key stopped "
		           "signing"),
	},
	[SET_DKIM_ROTATE_AFTER] = {
		.key = "dkim.rotate-after", .type = SETTING_DURATION, .flags = SETTING_AT_DOMAIN,
		.default_text = "0", .min = 0, .max = FOREVER,
		.help = N_("age at which a key is due for rotation; 0: no rotation"),
	},
	[SET_DKIM_RSA_BITS] = {
		.key = "dkim.rsa-bits", .type = SETTING_INT, .flags = SETTING_AT_DOMAIN,
		.default_text = "2048", .min = 1024, .max = 4096,
		.help = N_("length of generated RSA keys"),
	},
	[SET_DKIM_SELECTOR] = {
		.key = "dkim.selector", .type = SETTING_SELECTOR, .flags = SETTING_AT_DOMAIN,
		.default_text = "default",
		.help = N_("selector of new keys; {date}, {algorithm} and {serial} are replaced"),
	},
	[SET_DKIM_SIGN] = {
		.key = "dkim.sign", .type = SETTING_BOOL, .flags = SETTING_AT_DOMAIN,
		.default_text = "on", .domain_default = "off",
		.help = N_("server: allow domains to sign outgoing mail; domain: sign "
		           "its mail"),
	},
	[SET_DKIM_VERIFY] = {
		.key = "dkim.verify", .type = SETTING_BOOL, .default_text = "on",
		.help = N_("check the DKIM signatures of incoming mail"),
	},
	[SET_DMARC_CHECK] = {
		.key = "dmarc.check", .type = SETTING_BOOL, .default_text = "off",
		.help = N_("check incoming mail with DMARC; requires dkim.verify and "
		           "spf.check"),
	},
	[SET_DMARC_EXCEPTIONS] = {
		.key = "dmarc.exceptions", .type = SETTING_SENDERS, .default_text = "",
		.help = N_("domains and networks whose mail is never refused because "
		           "of DMARC"),
	},
	[SET_DMARC_REJECT] = {
		.key = "dmarc.reject", .type = SETTING_BOOL, .default_text = "on",
		.help = N_("enforce p=reject instead of only marking the message"),
	},
	[SET_DNS_IPV4] = {
		.key = "dns.ipv4", .type = SETTING_IPV4,
		.flags = SETTING_AT_DOMAIN | SETTING_COMPUTED | SETTING_IN_ZONES,
		.default_text = "",
		.help = N_("value of <ip>; empty: the public address of the system"),
	},
	[SET_DNS_IPV6] = {
		.key = "dns.ipv6", .type = SETTING_IPV6,
		.flags = SETTING_AT_DOMAIN | SETTING_COMPUTED | SETTING_IN_ZONES,
		.default_text = "",
		.help = N_("value of <ipv6>; empty: the public address of the system"),
	},
	[SET_DNS_SERVICE] = {
		.key = "dns.service", .type = SETTING_ENUM,
		.flags = SETTING_AT_DOMAIN | SETTING_IN_ZONES, .default_text = "hosted",
		.words = words_service,
		.word_help = help_service,
		.help = N_("where the zone is served: by this host, by another server, "
		           "not at all"),
	},
	[SET_DNS_TTL] = {
		.key = "dns.ttl", .type = SETTING_INT,
		.flags = SETTING_AT_DOMAIN | SETTING_IN_ZONES, .default_text = "3600",
		.min = 0, .max = 2147483647,
		.help = N_("value of <ttl>, in seconds"),
	},
	[SET_MAIL] = {
		.key = "mail", .type = SETTING_BOOL,
		.flags = SETTING_AT_DOMAIN | SETTING_IN_ZONES, .default_text = "on",
		.help = N_("off: the domain sends no mail, and its records declare "
		           "this"),
	},
	[SET_MTA_BACKEND] = {
		.key = "mta.backend", .type = SETTING_ENUM, .default_text = "auto",
		.words = words_backend,
		.help = N_("the mail server that settings are pushed to"),
	},
	[SET_MTA_CREDENTIALS_FILE] = {
		.key = "mta.credentials-file", .type = SETTING_PATH, .default_text = "",
		.help = N_("file with the account for the interface of a remote mail "
		           "server"),
	},
	[SET_MTA_DIRECTORY_PATH] = {
		.key = "mta.directory.path", .type = SETTING_PATH, .flags = SETTING_FOLDER,
		.default_text = "/var/lib/mailauthctl/rendered",
		.help = N_("folder that the directory backend writes to"),
	},
	[SET_MTA_FILTER] = {
		.key = "mta.filter", .type = SETTING_ENUM, .default_text = "auto",
		.words = words_filter,
		.help = N_("the filter that signs for Postfix"),
	},
	[SET_MTA_FILTER_POSITION] = {
		.key = "mta.filter-position", .type = SETTING_ENUM, .default_text = "first",
		.words = words_position,
		.word_help = help_position,
		.help = N_("position of the signing filter among the administrator's milters"),
	},
	[SET_MTA_HOSTNAME] = {
		.key = "mta.hostname", .type = SETTING_HOST,
		.flags = SETTING_COMPUTED | SETTING_IN_ZONES, .default_text = "",
		.help = N_("authserv-id and value of <hostname>; empty: the mail "
		           "server's own name"),
	},
	[SET_MTA_MAILENABLE_CONFIG_DIR] = {
		.key = "mta.mailenable.config-dir", .type = SETTING_PATH, .flags = SETTING_FOLDER, .default_text = "",
		.help = N_("copy of the configuration folder of a MailEnable server, which "
		           "is only read"),
	},
	[SET_MTA_POSTFIX_CONFIG_DIR] = {
		.key = "mta.postfix.config-dir", .type = SETTING_PATH, .flags = SETTING_FOLDER, .default_text = "",
		.help = N_("configuration folder of the Postfix instance, if there are "
		           "several"),
	},
	[SET_MTA_RELOAD] = {
		.key = "mta.reload", .type = SETTING_COMMAND, .default_text = "",
		.help = N_("command that reloads the mail server without a service "
		           "manager"),
	},
	[SET_MTA_SIGNING_NETWORKS] = {
		.key = "mta.signing-networks", .type = SETTING_NETWORKS,
		.flags = SETTING_COMPUTED | SETTING_OWN, .default_text = "",
		.help = N_("networks whose mail is signed; empty: those the server relays for"),
	},
	[SET_MTA_TRUSTED_RELAYS] = {
		.key = "mta.trusted-relays", .type = SETTING_NETWORKS,
		.flags = SETTING_TRUSTED, .default_text = "",
		.help = N_("networks whose mail is neither checked with SPF and DMARC "
		           "nor signed"),
	},
	[SET_MTA_URL] = {
		.key = "mta.url", .type = SETTING_URL, .default_text = "",
		.help = N_("address of a remote mail server's interface"),
	},
	[SET_OWNER] = {
		.key = "owner", .type = SETTING_ACCOUNT, .flags = SETTING_AT_DOMAIN,
		.default_text = "",
		.help = N_("system account that may manage the domain"),
	},
	[SET_SPF_CHECK] = {
		.key = "spf.check", .type = SETTING_BOOL, .default_text = "on",
		.help = N_("check incoming mail with SPF"),
	},
	[SET_SPF_CONTINUE_ON_DNS_ERROR] = {
		.key = "spf.continue-on-dns-error", .type = SETTING_BOOL, .default_text = "off",
		.help = N_("apply the guess rules when the sender's record cannot be "
		           "read"),
	},
	[SET_SPF_EXPLANATION] = {
		.key = "spf.explanation", .type = SETTING_EXPLANATION, .default_text = "",
		.help = N_("text of a rejection; SPF macros are expanded"),
	},
	[SET_SPF_GUESS_RULES] = {
		.key = "spf.guess-rules", .type = SETTING_GUESS_RULES, .default_text = "",
		.help = N_("policy for senders without a record"),
	},
	[SET_SPF_GUESS_SCOPE] = {
		.key = "spf.guess-scope", .type = SETTING_ENUM, .default_text = "no-record",
		.words = words_scope,
		.word_help = help_scope,
		.help = N_("guess only without a record, or apply the more permissive "
		           "result"),
	},
	[SET_SPF_LOCAL_RULES] = {
		.key = "spf.local-rules", .type = SETTING_LOCAL_RULES, .default_text = "",
		.help = N_("mechanisms that are added to every sender's record"),
	},
	[SET_SPF_MODE] = {
		.key = "spf.mode", .type = SETTING_ENUM, .flags = SETTING_NUMBERED,
		.default_text = "headers-only", .words = words_mode,
		.word_help = help_mode,
		.help = N_("action on an SPF result; each mode includes those before "
		           "it"),
	},
	[SET_SRS_DOMAIN] = {
		.key = "srs.domain", .type = SETTING_HOST, .flags = SETTING_COMPUTED,
		.default_text = "",
		.help = N_("domain of rewritten senders; empty: mta.hostname"),
	},
	[SET_SRS_ENABLED] = {
		.key = "srs.enabled", .type = SETTING_BOOL, .default_text = "off",
		.help = N_("rewrite the envelope sender of forwarded mail"),
	},
	[SET_SRS_EXCLUDE_DOMAINS] = {
		.key = "srs.exclude-domains", .type = SETTING_DOMAINS, .default_text = "",
		.help = N_("sender domains that are not rewritten, besides our own"),
	},
	[SET_SRS_SECRET] = {
		.key = "srs.secret", .type = SETTING_SECRET, .default_text = "",
		.help = N_("generated at first use; the old one verifies for 30 days; "
		           "shown as fingerprint"),
	},
	[SET_ZONE_DIRECTORY] = {
		.key = "zone.directory", .type = SETTING_PATH, .flags = SETTING_FOLDER,
		.default_text = "/var/lib/mailauthctl/zones",
		.help = N_("folder that zones are exported to"),
	},
	[SET_ZONE_FORMAT] = {
		.key = "zone.format", .type = SETTING_ENUM, .flags = SETTING_IN_ZONES,
		.default_text = "include", .words = words_format,
		.word_help = help_format,
		.help = N_("records for $INCLUDE, or whole zones with SOA and NS"),
	},
	[SET_ZONE_RELOAD] = {
		.key = "zone.reload", .type = SETTING_COMMAND, .default_text = "",
		.help = N_("command run after an export with changes; <domain> "
		           "allowed"),
	},
};
