/* SPF's settings, from rows of the store to the struct of the evaluator. */
#include "core/model/setting/spf_setting.h"

#include <stdint.h>
#include <stdlib.h>

#include "core/model/setting/setting.h"

int spf_setting_load(struct store *store, struct spf_settings *ret_settings,
                     struct err *err)
{
	struct spf_settings *settings = ret_settings;
	const struct {
		enum setting_key key;
		const char **text;
	} texts[] = {
		{ SET_SPF_LOCAL_RULES, &settings->local_rules },
		{ SET_SPF_GUESS_RULES, &settings->guess_rules },
		{ SET_SPF_EXPLANATION, &settings->explanation },
	};
	int64_t mode = 0, scope = 0;
	*settings = (struct spf_settings){ 0 };
	int r = setting_number(store, SET_SPF_MODE, 0, &mode, err);
	if (r >= 0)
		r = setting_number(store, SET_SPF_GUESS_SCOPE, 0, &scope, err);
	if (r >= 0)
		r = setting_bool(store, SET_SPF_CONTINUE_ON_DNS_ERROR, 0,
		                 &settings->does_continue_on_dns_error, err);
	for (size_t i = 0; r >= 0 && i < ARRAY_LEN(texts); i++) {
		char *text = NULL;
		r = setting_text(store, texts[i].key, 0, &text, err);
		*texts[i].text = text;
	}
	/* the words of both settings are in the order of the enums */
	settings->mode = (enum spf_mode)(mode + SPF_HEADERS_ONLY);
	settings->guess_scope = (enum spf_guess_scope)scope;
	return r;
}

void spf_setting_done(struct spf_settings *settings)
{
	free((char *)(uintptr_t)settings->local_rules);
	free((char *)(uintptr_t)settings->guess_rules);
	free((char *)(uintptr_t)settings->explanation);
	*settings = (struct spf_settings){ 0 };
}
