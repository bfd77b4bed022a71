/*
 * cli/policyd/policyd_dmarc.h: the request "mailauth_dmarc" of the policy protocol: SPF and the
 * DMARC verdict for a mail server that verifies DKIM itself.
 */
#ifndef CLI_POLICYD_POLICYD_DMARC_H
#define CLI_POLICYD_POLICYD_DMARC_H

#include "cli/policyd/policyd_decide.h"
#include "core/base/macro.h"

#define POLICYD_DMARC_REQUEST "mailauth_dmarc"

/* The action, as policyd_decide(): DUNNO (not checked), "PREPEND Authentication-Results: ..." in
 * one line, "550 5.7.1 ..." or "451 4.7.1 ...". */
const char *policyd_dmarc(struct policyd *policyd,
                          const struct policyd_request *request) must_check;

#endif
