/* core/model/setting/spf_setting.h: the settings spf.* of the server for the check of a message. */
#ifndef CORE_MODEL_SETTING_SPF_SETTING_H
#define CORE_MODEL_SETTING_SPF_SETTING_H

#include "core/base/err.h"
#include "core/base/macro.h"
#include "core/store/store.h"
#include "dnszone/spf/spf_check.h"

/* The values in force; no text is NULL.  spf_setting_done() frees them, also after a failure. */
int spf_setting_load(struct store *store, struct spf_settings *ret_settings,
                     struct err *err) must_check;
void spf_setting_done(struct spf_settings *settings);

#endif
