/* The settings: rows only.  Types are in setting_type.c, rules between settings in setting.c. */
#include "core/model/setting/setting.h"

#define DAY 86400
#define FOREVER 2147483647

/* clang-format off */
static const char *const words_activate[] = { "exported", "seen", "now", NULL };
static const char *const help_activate[] = {
	N_("its zone was exported"),
	N_("every name server of the zone shows it"),
	N_("nothing: it signs at once"),
	NULL,
};
static const char *const words_algorithm[] = { "rsa", "ed25519", "both", NULL };
static const char *const help_algorithm[] = {
	N_("what every receiver verifies"),
	N_("short, but not every receiver verifies it"),
	N_("a key of each; mail gets two signatures"),
	NULL,
};
static const char *const words_backend[] = {
	"auto", "postfix", "exim", "qmail", "smartermail", "icewarp", "mailenable", "directory", NULL,
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
	N_("and temperror is told to come back later"),
	N_("and fail is rejected"),
	N_("and softfail is rejected"),
	N_("and neutral is rejected"),
	N_("and none and permerror are rejected: only pass gets in"),
	NULL,
};
static const char *const words_position[] = { "first", "last", NULL };
static const char *const help_position[] = { N_("before them"), N_("behind them"), NULL };
static const char *const words_scope[] = { "no-record", "most-permissive", NULL };
static const char *const help_scope[] = {
	N_("for senders without a record only"),
	N_("beside the record: the more permissive result holds"),
	NULL,
};
static const char *const words_service[] = { "hosted", "external", "off", NULL };
static const char *const help_service[] = {
	N_("this host's export"),
	N_("somebody else; records are printed to paste"),
	N_("nobody"),
	NULL,
};
/* clang-format on */

const struct setting_row setting_table[SETTING_COUNT] = {
	[SET_DKIM_ACTIVATE] = {
		.key = "dkim.activate", .type = SETTING_ENUM, .flags = SETTING_AT_DOMAIN,
		.default_text = "exported", .words = words_activate,
		.word_help = help_activate,
		.help = N_("what must have happened to a key's record before the key signs"),
	},
	[SET_DKIM_ALGORITHM] = {
		.key = "dkim.algorithm", .type = SETTING_ENUM, .flags = SETTING_AT_DOMAIN,
		.default_text = "rsa", .words = words_algorithm,
		.word_help = help_algorithm,
		.help = N_("the kind of keys that are made"),
	},
	[SET_DKIM_POLICY] = {
		.key = "dkim.policy", .type = SETTING_POLICY,
		.flags = SETTING_AT_DOMAIN | SETTING_IN_ZONES, .default_text = "o=-",
		.help = N_("text of the _domainkey record, or none for no such record"),
	},
	[SET_DKIM_RETIRE_AFTER] = {
		.key = "dkim.retire-after", .type = SETTING_DURATION, .flags = SETTING_AT_DOMAIN,
		.default_text = "7d", .min = 5 * DAY, .max = FOREVER,
		.help = N_("how long a record stays public after its key stopped signing"),
	},
	[SET_DKIM_ROTATE_AFTER] = {
		.key = "dkim.rotate-after", .type = SETTING_DURATION, .flags = SETTING_AT_DOMAIN | SETTING_INERT,
		.default_text = "0", .min = 0, .max = FOREVER,
		.help = N_("age at which a key is due for rotation; 0: never by itself"),
	},
	[SET_DKIM_RSA_BITS] = {
		.key = "dkim.rsa-bits", .type = SETTING_INT, .flags = SETTING_AT_DOMAIN,
		.default_text = "2048", .min = 1024, .max = 4096,
		.help = N_("length of the RSA keys that are made"),
	},
	[SET_DKIM_SELECTOR] = {
		.key = "dkim.selector", .type = SETTING_SELECTOR, .flags = SETTING_AT_DOMAIN,
		.default_text = "default",
		.help = N_("selector of new keys; %Y %m %d stand for the day"),
	},
	[SET_DKIM_SIGN] = {
		.key = "dkim.sign", .type = SETTING_BOOL, .flags = SETTING_AT_DOMAIN,
		.default_text = "on", .domain_default = "off",
		.help = N_("server: domains may sign outgoing mail; domain: this one signs"),
	},
	[SET_DKIM_VERIFY] = {
		.key = "dkim.verify", .type = SETTING_BOOL, .default_text = "on",
		.help = N_("check the DKIM signatures of incoming mail"),
	},
	[SET_DMARC_CHECK] = {
		.key = "dmarc.check", .type = SETTING_BOOL, .default_text = "off",
		.help = N_("check incoming mail with DMARC; needs dkim.verify and spf.check"),
	},
	[SET_DMARC_REJECT] = {
		.key = "dmarc.reject", .type = SETTING_BOOL, .default_text = "on",
		.help = N_("act on p=reject instead of only marking the message"),
	},
	[SET_DNS_IPV4] = {
		.key = "dns.ipv4", .type = SETTING_IPV4,
		.flags = SETTING_AT_DOMAIN | SETTING_COMPUTED | SETTING_IN_ZONES,
		.default_text = "",
		.help = N_("what <ip> stands for; empty: the system's public address"),
	},
	[SET_DNS_IPV6] = {
		.key = "dns.ipv6", .type = SETTING_IPV6,
		.flags = SETTING_AT_DOMAIN | SETTING_COMPUTED | SETTING_IN_ZONES,
		.default_text = "",
		.help = N_("what <ipv6> stands for; empty: the system's public address"),
	},
	[SET_DNS_SERVICE] = {
		.key = "dns.service", .type = SETTING_ENUM,
		.flags = SETTING_AT_DOMAIN | SETTING_IN_ZONES, .default_text = "hosted",
		.words = words_service,
		.word_help = help_service,
		.help = N_("who serves the zone: this host's export, somebody else, nobody"),
	},
	[SET_DNS_TTL] = {
		.key = "dns.ttl", .type = SETTING_INT,
		.flags = SETTING_AT_DOMAIN | SETTING_IN_ZONES, .default_text = "3600",
		.min = 0, .max = 2147483647,
		.help = N_("what <ttl> stands for, in seconds"),
	},
	[SET_MAIL] = {
		.key = "mail", .type = SETTING_BOOL,
		.flags = SETTING_AT_DOMAIN | SETTING_IN_ZONES, .default_text = "on",
		.help = N_("off for a domain that sends no mail: its records say so"),
	},
	[SET_MTA_BACKEND] = {
		.key = "mta.backend", .type = SETTING_ENUM, .default_text = "auto",
		.words = words_backend,
		.help = N_("the mail server that settings are pushed to"),
	},
	[SET_MTA_CREDENTIALS_FILE] = {
		.key = "mta.credentials-file", .type = SETTING_PATH, .flags = SETTING_INERT, .default_text = "",
		.help = N_("file with the account for a remote mail server's interface"),
	},
	[SET_MTA_DIRECTORY_PATH] = {
		.key = "mta.directory.path", .type = SETTING_PATH, .flags = SETTING_FOLDER,
		.default_text = "/var/lib/mailauthctl/rendered",
		.help = N_("where the directory backend renders to"),
	},
	[SET_MTA_FILTER] = {
		.key = "mta.filter", .type = SETTING_ENUM, .default_text = "auto",
		.words = words_filter,
		.help = N_("the filter that signs and verifies for Postfix"),
	},
	[SET_MTA_FILTER_POSITION] = {
		.key = "mta.filter-position", .type = SETTING_ENUM, .default_text = "first",
		.words = words_position,
		.word_help = help_position,
		.help = N_("where our milters stand among an administrator's own"),
	},
	[SET_MTA_HOSTNAME] = {
		.key = "mta.hostname", .type = SETTING_HOST,
		.flags = SETTING_COMPUTED | SETTING_IN_ZONES, .default_text = "",
		.help = N_("authserv-id and <hostname>; empty: the mail server's own name"),
	},
	[SET_MTA_POSTFIX_CONFIG_DIR] = {
		.key = "mta.postfix.config-dir", .type = SETTING_PATH, .flags = SETTING_FOLDER, .default_text = "",
		.help = N_("which Postfix instance, where there are several"),
	},
	[SET_MTA_RELOAD] = {
		.key = "mta.reload", .type = SETTING_COMMAND, .default_text = "",
		.help = N_("command that reloads the mail server where no service manager does"),
	},
	[SET_MTA_SIGNING_NETWORKS] = {
		.key = "mta.signing-networks", .type = SETTING_NETWORKS,
		.flags = SETTING_COMPUTED | SETTING_OWN, .default_text = "",
		.help = N_("networks whose mail is signed; empty: those the server relays for"),
	},
	[SET_MTA_TRUSTED_RELAYS] = {
		.key = "mta.trusted-relays", .type = SETTING_NETWORKS, .default_text = "",
		.help = N_("networks whose mail is neither SPF- nor DMARC-checked nor signed"),
	},
	[SET_MTA_URL] = {
		.key = "mta.url", .type = SETTING_URL, .flags = SETTING_INERT, .default_text = "",
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
		.help = N_("go on with the guess rules when the sender's record cannot be had"),
	},
	[SET_SPF_EXPLANATION] = {
		.key = "spf.explanation", .type = SETTING_EXPLANATION, .default_text = "",
		.help = N_("text of a rejection; SPF macros are expanded"),
	},
	[SET_SPF_GUESS_RULES] = {
		.key = "spf.guess-rules", .type = SETTING_GUESS_RULES, .default_text = "",
		.help = N_("policy for senders that publish none"),
	},
	[SET_SPF_GUESS_SCOPE] = {
		.key = "spf.guess-scope", .type = SETTING_ENUM, .default_text = "no-record",
		.words = words_scope,
		.word_help = help_scope,
		.help = N_("guess only without a record, or let the more permissive result hold"),
	},
	[SET_SPF_LOCAL_RULES] = {
		.key = "spf.local-rules", .type = SETTING_LOCAL_RULES, .default_text = "",
		.help = N_("mechanisms that are put into every sender's record"),
	},
	[SET_SPF_MODE] = {
		.key = "spf.mode", .type = SETTING_ENUM, .flags = SETTING_NUMBERED,
		.default_text = "headers-only", .words = words_mode,
		.word_help = help_mode,
		.help = N_("what an SPF result does to a message; each keeps what the lower do"),
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
		.help = N_("made at first use; the one before verifies for 30 days; shown as a "
		           "fingerprint"),
	},
	[SET_ZONE_DIRECTORY] = {
		.key = "zone.directory", .type = SETTING_PATH, .flags = SETTING_FOLDER,
		.default_text = "/var/lib/mailauthctl/zones",
		.help = N_("where zones are exported to"),
	},
	[SET_ZONE_FORMAT] = {
		.key = "zone.format", .type = SETTING_ENUM, .flags = SETTING_IN_ZONES,
		.default_text = "include", .words = words_format,
		.word_help = help_format,
		.help = N_("records for $INCLUDE, or whole zones with SOA and NS"),
	},
	[SET_ZONE_RELOAD] = {
		.key = "zone.reload", .type = SETTING_COMMAND, .default_text = "",
		.help = N_("command run after an export that changed something; <domain> allowed"),
	},
};
