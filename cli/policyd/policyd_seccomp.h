/*
 * cli/policyd/policyd_seccomp.h: the system calls that mailauth-policyd keeps once it has read its settings.
 */
#ifndef CLI_POLICYD_POLICYD_SECCOMP_H
#define CLI_POLICYD_POLICYD_SECCOMP_H

#include <stdbool.h>

#include "core/base/macro.h"

/* Everything that is not in a fixed list fails with EPERM from now on, in this process and its
 * children: no program is started, nothing is opened for writing, no memory becomes code, no
 * sockets but those of IP and AF_UNIX are made.  `listens`: connections are accepted, and served by
 * children.  The process must have given up new privileges (PR_SET_NO_NEW_PRIVS).
 *
 * -1 and errno: the kernel cannot do it.  Where it was built without (make SECCOMP=0, a sanitizer, a
 * processor whose calls nobody listed) nothing happens: 0. */
int policyd_seccomp(bool listens) must_check;

/* Whether policyd_seccomp() does anything here. */
bool policyd_has_seccomp(void) must_check;

#endif
