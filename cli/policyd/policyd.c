/*
 * mailauth-policyd: the SPF check of incoming mail for Postfix, as a policy service, and the mail
 * filter that removes forged results and verifies mail (policyd_milter.h).  The first octet of a
 * connection determines which of the two is used.
 *
 * Postfix's spawn(8) starts it unprivileged, one process for each connection, on stdin and stdout;
 * that process detaches itself.  Or a service manager passes sockets (--listen).  It uses core/base
 * and dnszone only: no database, no secrets.  It gives up its rights before it reads the first
 * foreign octet.
 *
 * spawn(8) connects stderr to the client too, so nothing is written to stderr while it is a socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

#include "cli/policyd/policyd_conf.h"
#include "cli/policyd/policyd_decide.h"
#include "cli/policyd/policyd_incoming.h"
#include "cli/policyd/policyd_log.h"
#include "cli/policyd/policyd_message.h"
#include "cli/policyd/policyd_seccomp.h"
#include "cli/policyd/policyd_serve.h"
#include "core/base/library.h"
#include "core/base/text.h"

#define CONFIG_DEFAULT "/etc/mailauthctl/policyd.yaml"
#define MEMORY_MAX (256L * 1024 * 1024) /* address space: mostly shared libraries */
#define DATA_MAX (64L * 1024 * 1024)
#define FILES_MAX 256

/* The sanitizers reserve terabytes of address space. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define HAS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define HAS_SANITIZER
#endif
#endif

struct options {
	const char *config, *nameserver;
	bool listens, logs_to_stderr, is_message;
	struct policyd_limits limits;
	struct policyd_message message;
};

enum option_id {
	OPT_CLIENT = 256,
	OPT_CONFIG,
	OPT_CONNECTIONS,
	OPT_HELO,
	OPT_HELP,
	OPT_IDLE_LIMIT,
	OPT_LISTEN,
	OPT_LOG_STDERR,
	OPT_MESSAGE,
	OPT_NAMESERVER,
	OPT_PAUSE_LIMIT,
	OPT_SENDER,
	OPT_VERSION,
};

static const struct option_row {
	const char *name, *argument;
	enum option_id id;
	int64_t min, max; /* of a number */
	const char *help;
} rows[] = {
	{ "client", "ADDR", OPT_CLIENT, 0, 0,
	  "address of the client, with --message (default: $TCPREMOTEIP)" },
	{ "config", "FILE", OPT_CONFIG, 0, 0, "settings (default: " CONFIG_DEFAULT ")" },
	{ "connections", "NUMBER", OPT_CONNECTIONS, 1, 1000,
	  "simultaneous connections with --listen (default: 100)" },
	{ "helo", "NAME", OPT_HELO, 0, 0,
	  "its HELO name, with --message (default: $SMTPHELOHOST)" },
	{ "help", NULL, OPT_HELP, 0, 0, "print this help" },
	{ "idle-limit", "SECONDS", OPT_IDLE_LIMIT, 1, 86400,
	  "end an idle connection after this time (default: 3600)" },
	{ "listen", NULL, OPT_LISTEN, 0, 0,
	  "serve the sockets that the service manager passes" },
	{ "log-stderr", NULL, OPT_LOG_STDERR, 0, 0,
	  "log to standard error instead of the system log" },
	{ "message", NULL, OPT_MESSAGE, 0, 0,
	  "verify a message on standard input, and write it to standard output" },
	{ "nameserver", "ADDR[:PORT]", OPT_NAMESERVER, 0, 0,
	  "use this name server instead of those in the settings" },
	{ "pause-limit", "SECONDS", OPT_PAUSE_LIMIT, 1, 3600,
	  "time limit for the rest of a request, and for an answer (default: 30)" },
	{ "sender", "ADDRESS", OPT_SENDER, 0, 0,
	  "envelope sender, with --message (default: $SMTPMAILFROM)" },
	{ "version", NULL, OPT_VERSION, 0, 0, "print the version" },
};

static void print_help(void)
{
	printf("Usage: mailauth-policyd [OPTION]...\n\n"
	       "Verifies incoming mail (SPF, DKIM, DMARC) for Postfix, as a policy service\n"
	       "and as a mail filter, on standard input and output.\n\n");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char left[40];
		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name,
		         rows[i].argument ? " " : "",
		         rows[i].argument ? rows[i].argument : "");
		printf("  %-26s %s\n", left, rows[i].help);
	}
}

static bool take_option(const struct option_row *row, struct options *options)
{
	int64_t number = 0;
	if (row->max > 0 && !text_to_int(optarg, row->min, row->max, &number)) {
		fprintf(stderr, "mailauth-policyd: --%s takes a number from %d to %d\n",
		        row->name, (int)row->min, (int)row->max);
		return false;
	}
	switch (row->id) {
	case OPT_CLIENT:
		options->message.client = optarg;
		break;
	case OPT_CONFIG:
		options->config = optarg;
		break;
	case OPT_CONNECTIONS:
		options->limits.connections = (unsigned)number;
		break;
	case OPT_HELO:
		options->message.helo = optarg;
		break;
	case OPT_IDLE_LIMIT:
		options->limits.idle_seconds = (unsigned)number;
		break;
	case OPT_LISTEN:
		options->listens = true;
		break;
	case OPT_LOG_STDERR:
		options->logs_to_stderr = true;
		break;
	case OPT_MESSAGE:
		options->is_message = true;
		break;
	case OPT_NAMESERVER:
		options->nameserver = optarg;
		break;
	case OPT_PAUSE_LIMIT:
		options->limits.pause_seconds = (unsigned)number;
		break;
	case OPT_SENDER:
		options->message.sender = optarg;
		break;
	case OPT_HELP:
	case OPT_VERSION:
		break;
	}
	return true;
}

/* -1: go on; otherwise the exit status. */
static int check_message(struct options *options)
{
	const struct policyd_message *message = &options->message;
	const char *fault = NULL;
	if (!options->is_message && (message->client || message->helo || message->sender))
		fault = "--client, --helo and --sender require --message";
	else if (options->is_message && options->listens)
		fault = "--message and --listen exclude each other";
	else if (options->is_message && !policyd_message_envelope(&options->message))
		fault = "--message requires --client with an address, and --sender";
	if (!fault)
		return -1;
	fprintf(stderr, "mailauth-policyd: %s\n", fault);
	return 2;
}

/* -1: go on; otherwise the exit status. */
static int read_options(int argc, char **argv, struct options *options)
{
	struct option long_options[ARRAY_LEN(rows) + 1] = { 0 };
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		long_options[i] = (struct option){ .name = rows[i].name,
			                           .has_arg = rows[i].argument != NULL,
			                           .val = (int)rows[i].id };
	int id, index = 0;
	bool is_given[ARRAY_LEN(rows)] = { 0 };
	while ((id = getopt_long(argc, argv, "", long_options, &index)) != -1) {
		if (id == '?' || !take_option(&rows[index], options))
			return 2;
		if (rows[index].argument && is_given[index]) {
			fprintf(stderr,
			        "mailauth-policyd: option --%s may be given only once\n",
			        rows[index].name);
			return 2;
		}
		is_given[index] = true;
		if (id == OPT_VERSION)
			printf("mailauth-policyd %s\n%s", MAILAUTHCTL_VERSION,
			       policyd_has_seccomp()
			               ? ""
			               : "built without a filter of system calls\n");
		if (id == OPT_HELP)
			print_help();
		if (id == OPT_VERSION || id == OPT_HELP)
			return fflush(stdout) == 0 ? 0 : 1;
	}
	if (optind == argc)
		return check_message(options);
	fprintf(stderr, "mailauth-policyd: unknown argument \"%s\"\n", argv[optind]);
	return 2;
}

/* spawn(8) and inetd(8) connect all three to the client. */
static bool is_spawned(void)
{
	struct stat in, err;
	return fstat(STDIN_FILENO, &in) == 0 && S_ISSOCK(in.st_mode) &&
	       fstat(STDERR_FILENO, &err) == 0 && in.st_dev == err.st_dev &&
	       in.st_ino == err.st_ino;
}

/*
 * Serves in a process of its own, so that spawn(8)'s command ends at once.  spawn(8) is not
 * available to other clients while it waits for us, and reports this to master(8); a reload loses
 * that report.  master then assumes that it is available and starts no other process while our
 * client is connected: all mail would wait for one slow client, and a client with a second, queued
 * connection would wait for itself.
 */
static bool detach(const struct policyd_log *log)
{
	pid_t pid = fork();
	if (pid > 0)
		_exit(0);
	if (pid == 0)
		return true;
	policyd_log(log, LOG_ERR, "cannot serve a connection: %s", strerror(errno));
	return false;
}

static void silence_stderr(void)
{
	struct stat st;
	if (fstat(STDERR_FILENO, &st) == 0 && !S_ISSOCK(st.st_mode))
		return;
	int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
}

static void limit(int resource, rlim_t most)
{
	struct rlimit now;
	if (getrlimit(resource, &now) == 0 && now.rlim_max < most)
		most = now.rlim_max;
	setrlimit(resource, &(struct rlimit){ most, most });
}

/* Gives up rights that a policy service never requires. */
static bool confine(const struct policyd_log *log)
{
	signal(SIGPIPE, SIG_IGN);
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_NOFILE, FILES_MAX);
#ifndef HAS_SANITIZER
	limit(RLIMIT_AS, MEMORY_MAX);
	limit(RLIMIT_DATA, DATA_MAX);
#endif
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		return true;
	policyd_log(log, LOG_ERR, "no_new_privs: %s", strerror(errno));
	return false;
}

/* Initializes libcrypto where mail is verified: the filter of system calls may prevent that later.
 */
static bool prepare(const struct policyd_conf *conf, const struct options *options)
{
	bool is_needed = options->listens || conf->settings.verifies_dkim;
	if (is_needed)
		policyd_incoming_prepare();
	return is_needed;
}

/* Called when libcrypto cannot be opened. */
void library_missing(const char *sentence)
{
	syslog(LOG_ERR, "%s", sentence);
	_exit(1);
}

int main(int argc, char **argv)
{
	const bool detaches = is_spawned();
	silence_stderr();
	struct options options = { .config = CONFIG_DEFAULT,
		                   .limits = { .pause_seconds = 30,
		                               .idle_seconds = 3600,
		                               .connections = 100 } };
	int status = read_options(argc, argv, &options);
	if (status >= 0)
		return status;
	struct policyd_log log;
	policyd_log_init(&log, options.logs_to_stderr);
	if (!confine(&log))
		return 1;
	struct policyd_conf conf;
	struct err err = ERR_INIT;
	if (policyd_conf_open(&conf, options.config, options.nameserver, &err) < 0) {
		policyd_log(&log, LOG_ERR, "%s", err.text);
		policyd_conf_done(&conf);
		return 1;
	}
	if (detaches && !options.listens && !options.is_message && !detach(&log)) {
		policyd_conf_done(&conf);
		return 1;
	}
	if (options.is_message && !policyd_message_open(&options.message)) {
		policyd_log(&log, LOG_ERR, "no temporary file: %s", strerror(errno));
		policyd_conf_done(&conf);
		return 1;
	}
	struct policyd policyd;
	bool is_ready = policyd_init(&policyd, &conf, &log);
	policyd.is_prepared = is_ready && prepare(&conf, &options);
	/* a kernel without seccomp filters: the other limits still apply */
	if (policyd_seccomp(options.listens) < 0)
		policyd_log(&log, LOG_WARNING, "no filter of system calls: %s",
		            strerror(errno));
	if (is_ready && options.is_message)
		status = policyd_message(&options.message, &conf, &log);
	else if (is_ready)
		status = options.listens ? policyd_listen(&policyd, &options.limits)
		                         : policyd_serve(&policyd, STDIN_FILENO,
		                                         STDOUT_FILENO, &options.limits);
	else
		policyd_log(&log, LOG_ERR, "there is no memory left");
	policyd_done(&policyd);
	policyd_conf_done(&conf);
	return status < 0 ? 1 : status;
}
