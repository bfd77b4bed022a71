/* Names of the results of an SPF check. */
#include "dnszone/spf/spf_result.h"

const char *spf_result_name(enum spf_result result)
{
	static const char *const names[] = { "none",     "neutral",   "pass",     "fail",
		                             "softfail", "temperror", "permerror" };
	return names[result];
}

const char *spf_origin_name(enum spf_origin origin)
{
	static const char *const names[] = { "record", "local policy", "best guess" };
	return names[origin];
}
