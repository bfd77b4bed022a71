/*
 * A mail host's programs for the sweeps: which one it is its own name says.
 *
 *   postfix -c DIR status|reload|start|stop    systemctl VERB [OPTION] UNIT    opendkim ...
 *   postconf -c DIR -x[h] NAME...              (of other options -m has something to say)
 *
 * Each call is a line of /fake/log.  A line "3 postfix -c /etc/postfix reload" in /fake/fail makes
 * the third such call exit 1 without doing anything.  Under its own name:
 *
 *   fake_mta boot          starts both servers from their files, with an empty log
 *   fake_mta halt          kills both
 *   fake_mta look [settled]  findings, a line each; exit status 1 when there are any
 *   fake_mta tree DIR      what stands below DIR
 *   fake_mta loopback      brings the loopback interface up
 */
#include "tests/lib/fake_mta.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/base/alloc.h"
#include "core/base/text.h"
#include "core/mta/postfix/postfix_main.h"
#include "core/mta/provider/opendkim.h"
#include "core/mta/provider/opendkim_conf.h"

#define LOG "/fake/log"
#define CUT "---- master.cf ----\n"

static const char *const names[SERVERS] = { "postfix", "opendkim" };

bool fake_read(const char *path, struct buf *into)
{
	char octets[8192];
	ssize_t n;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((n = read(fd, octets, sizeof(octets))) > 0)
		buf_add(into, octets, (size_t)n);
	close(fd);
	return true;
}

static void put_text(const char *path, const char *text, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		perror(path);
	close(fd);
}

/* ---- configurations ---------------------------------------------------------------------------- */

static bool is_include(const struct opendkim_conf *conf)
{
	return conf->includes_ours;
}

/* Each line of a table after `kind`; without comments and blank lines. */
static void add_table(const char *kind, const char *table, struct buf *into)
{
	auto_buf text = BUF_INIT;
	if (!text_starts(table, "file:") || !fake_read(table + 5, &text))
		return;
	for (const char *at = buf_text(&text); *at;) {
		size_t len = strcspn(at, "\n");
		if (len && *at != '#')
			buf_printf(into, "%s %.*s\n", kind, (int)len, at);
		at += len + (at[len] == '\n');
	}
}

/* OpenDKIM ends at its start if a table does not exist. */
static bool has_tables(const struct opendkim_conf *conf)
{
	static const char *const tables[] = { "KeyTable", "SigningTable", "InternalHosts",
		                              "ExternalIgnoreList" };
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		const char *path = opendkim_conf_get(conf, tables[i]);
		if (path && text_starts(path, "file:") && access(path + 5, R_OK) < 0)
			return false;
	}
	return true;
}

static bool read_opendkim(struct buf *into)
{
	struct opendkim_conf conf = OPENDKIM_CONF_INIT;
	struct err err = ERR_INIT;
	auto_buf text = BUF_INIT, ours = BUF_INIT;
	bool is_good = fake_read(OPENDKIM_CONF, &text) &&
	               opendkim_conf_parse(&conf, buf_text(&text), NULL, NULL, &err) == 0;
	if (is_good && is_include(&conf))
		is_good = fake_read(OPENDKIM_OURS, &ours) &&
		          opendkim_conf_parse(&conf, buf_text(&ours), NULL, NULL, &err) ==
		                  0;
	is_good = is_good && has_tables(&conf);
	for (size_t i = 0; is_good && i < conf.count; i++)
		buf_printf(into, "conf %s %s\n", conf.row[i].key, conf.row[i].value);
	const char *keys = opendkim_conf_get(&conf, "KeyTable");
	const char *signing = opendkim_conf_get(&conf, "SigningTable");
	const char *hosts = opendkim_conf_get(&conf, "InternalHosts");
	if (is_good) {
		add_table("key", keys ? keys : "", into);
		add_table("sign", signing ? signing : "", into);
		add_table("host", hosts ? hosts : "", into);
	}
	opendkim_conf_done(&conf);
	return is_good;
}

bool fake_config(enum server server, struct buf *into)
{
	if (server == OPENDKIM)
		return read_opendkim(into);
	if (!fake_read("/etc/postfix/main.cf", into))
		return false;
	buf_puts(into, CUT);
	return fake_read("/etc/postfix/master.cf", into);
}

char *fake_value(const char *config, const char *kind, const char *name)
{
	auto_free char *start = xasprintf("%s %s ", kind, name);
	char *value = NULL;
	for (const char *at = config; *at;) {
		size_t len = strcspn(at, "\n");
		if (len >= strlen(start) && strncasecmp(at, start, strlen(start)) == 0) {
			free(value);
			value = xmemdup(at + strlen(start), len - strlen(start));
		}
		at += len + (at[len] == '\n');
	}
	return value;
}

void fake_parameter(const char *config, const char *name, struct buf *into)
{
	auto_main_cf cf;
	const char *cut = strstr(config, CUT);
	main_cf_parse(&cf, config, cut ? (size_t)(cut - config) : strlen(config));
	main_cf_value(&cf, NULL, name, into);
}

/* ---- servers ----------------------------------------------------------------------------------- */

static pid_t pid_of(enum server server)
{
	auto_free char *path = xasprintf("/fake/%s.pid", names[server]);
	auto_buf text = BUF_INIT;
	int64_t pid;
	if (!fake_read(path, &text) ||
	    !text_to_int(buf_text(&text), 2, INT32_MAX, &pid) || kill((pid_t)pid, 0) < 0)
		return 0;
	return (pid_t)pid;
}

bool fake_running(enum server server, struct buf *into)
{
	auto_free char *path = xasprintf("/fake/running/%s", names[server]);
	return pid_of(server) && fake_read(path, into);
}

void fake_note_running(enum server server, const struct buf *config)
{
	auto_free char *path = xasprintf("/fake/running/%s", names[server]);
	auto_free char *fresh = xasprintf("%s.new", path);
	put_text(fresh, buf_text(config), O_TRUNC);
	if (rename(fresh, path) < 0)
		perror(path);
}

static void stop(enum server server)
{
	pid_t pid = pid_of(server);
	int pidfd = pid ? pidfd_open(pid, 0) : -1;
	struct pollfd gone = { .fd = pidfd, .events = POLLIN };
	if (pidfd < 0)
		return;
	kill(pid, SIGKILL);
	poll(&gone, 1, 5000);
	close(pidfd);
	auto_free char *path = xasprintf("/fake/%s.pid", names[server]);
	auto_free char *running = xasprintf("/fake/running/%s", names[server]);
	auto_buf config = BUF_INIT;
	unlink(path);
	fake_read(running, &config);
	auto_free char *listens = fake_value(buf_text(&config), "conf", "Socket");
	if (listens && text_starts(listens, "local:"))
		unlink(listens + strlen("local:"));
}

static void become_daemon(enum server server, int ready)
{
	auto_free char *path = xasprintf("/fake/%s.pid", names[server]);
	auto_free char *text = xasprintf("%d", (int)getpid());
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		dup2(null, fd);
	setsid();
	signal(SIGPIPE, SIG_IGN);
	put_text(path, text, O_TRUNC);
	(server == POSTFIX ? fake_serve_postfix : fake_serve_opendkim)(ready);
	_exit(1);
}

/* Returns when it listens.  False: it does not start. */
static bool start(enum server server)
{
	auto_buf config = BUF_INIT;
	int ends[2];
	char octet;
	if (!fake_config(server, &config) || pipe2(ends, O_CLOEXEC) < 0)
		return false;
	fake_note_running(server, &config);
	pid_t child = fork();
	if (child == 0) {
		if (fork() == 0)
			become_daemon(server, ends[1]);
		_exit(0);
	}
	close(ends[1]);
	waitpid(child, NULL, 0);
	bool is_ready = read(ends[0], &octet, 1) == 1;
	close(ends[0]);
	return is_ready;
}

/* Like master(8): connections are kept.  Returns when it runs with the new files. */
static int reload_postfix(void)
{
	auto_buf wanted = BUF_INIT;
	pid_t pid = pid_of(POSTFIX);
	if (!pid || !fake_config(POSTFIX, &wanted))
		return 1;
	kill(pid, SIGHUP);
	for (unsigned tries = 0; tries < 5000; tries++) {
		auto_buf running = BUF_INIT;
		if (!fake_running(POSTFIX, &running))
			return 1;
		if (strcmp(buf_text(&running), buf_text(&wanted)) == 0)
			return 0;
		usleep(1000);
	}
	return 1;
}

/* A bad configuration makes OpenDKIM keep the old one; some settings require a restart. */
static int reload(enum server server)
{
	static const char *const fixed[] = { "Socket", "UMask", "UserID", "PidFile" };
	auto_buf now = BUF_INIT, before = BUF_INIT;
	if (!fake_running(server, &before))
		return 1;
	if (server == POSTFIX)
		return reload_postfix();
	if (!fake_config(server, &now))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		auto_free char *old = fake_value(buf_text(&before), "conf", fixed[i]);
		auto_free char *new = fake_value(buf_text(&now), "conf", fixed[i]);
		if (!text_same(old, new))
			put_text("/fake/bad", "a reload, where a restart is needed\n",
			         O_APPEND);
	}
	fake_note_running(server, &now);
	return 0;
}

static int act(enum server server, const char *verb)
{
	bool is_running = pid_of(server) != 0;
	if (strcmp(verb, "show") == 0)
		printf("LoadState=loaded\nActiveState=%s\nUnitFileState=enabled\n"
		       "Result=success\n",
		       is_running ? "active" : "inactive");
	if (strcmp(verb, "status") == 0 || strcmp(verb, "is-active") == 0)
		return is_running ? 0 : server == OPENDKIM ? 3 : 1;
	if (strcmp(verb, "reload") == 0)
		return reload(server);
	if (strcmp(verb, "restart") == 0 || strcmp(verb, "stop") == 0)
		stop(server);
	if (strcmp(verb, "restart") == 0 || (strcmp(verb, "start") == 0 && !is_running))
		return start(server) ? 0 : 1;
	return 0;
}

/* ---- calls ------------------------------------------------------------------------------------- */

static unsigned count_lines(const char *text, const char *line)
{
	unsigned count = 0;
	for (const char *at = text; *at;) {
		size_t len = strcspn(at, "\n");
		count += len >= strlen(line) && strncmp(at, line, strlen(line)) == 0;
		at += len + (at[len] == '\n');
	}
	return count;
}

/* Records the call.  False: it has to fail. */
static bool note_call(const char *call)
{
	auto_buf log = BUF_INIT, fail = BUF_INIT;
	auto_free char *line = xasprintf("%s\n", call);
	put_text(LOG, line, O_APPEND);
	if (!fake_read("/fake/fail", &fail))
		return true;
	fake_read(LOG, &log);
	char *words = NULL;
	unsigned number = (unsigned)strtoul(buf_text(&fail), &words, 10);
	words += strspn(words, " ");
	words[strcspn(words, "\n")] = '\0';
	return strcmp(words, call) != 0 || count_lines(buf_text(&log), words) != number;
}

/* "-c DIR -x[h] NAME..." or "-m". */
static int postconf(int argc, char **argv)
{
	auto_buf config = BUF_INIT;
	const char *option = argc > 3 ? argv[3] : argv[argc - 1];
	if (strcmp(option, "-m") == 0)
		puts("btree\ncidr\nhash\npcre\nregexp\nsocketmap\nstatic\ntcp\ntexthash");
	if (!text_starts(option, "-x"))
		return 0;
	auto_free char *path = xasprintf("%s/main.cf", argv[2]);
	if (!fake_read(path, &config))
		return 1;
	for (int i = 4; i < argc; i++) {
		auto_buf value = BUF_INIT;
		if (strcmp(argv[i], "mail_version") == 0)
			buf_puts(&value, "3.7.11");
		else
			fake_parameter(buf_text(&config), argv[i], &value);
		if (!strchr(option, 'h'))
			printf("%s = ", argv[i]);
		puts(buf_text(&value));
	}
	return 0;
}

/* "opendkim -t MESSAGE -vvv -x FILE": only the KeyTable determines whether it is signed. */
static int try_message(const char *message, const char *conf)
{
	auto_buf text = BUF_INIT, config = BUF_INIT, keys = BUF_INIT;
	if (!fake_read(message, &text) || !fake_read(conf, &config))
		return 70;
	char *table = strstr(buf_text(&config), "KeyTable file:");
	char *domain = strchr(buf_text(&text), '@');
	if (!table || !domain)
		return 70;
	table += strlen("KeyTable file:");
	table[strcspn(table, "\n")] = '\0';
	domain++;
	domain[strcspn(domain, "\r\n>")] = '\0';
	fake_read(table, &keys);
	auto_free char *mark = xasprintf(" %s:", domain);
	char *selector = strstr(buf_text(&keys), mark);
	char *path = selector ? strchr(selector + strlen(mark), ':') : NULL;
	if (!path)
		return 70;
	*path++ = '\0';
	path[strcspn(path, "\n")] = '\0';
	if (access(path, R_OK) < 0)
		puts("mlfi_eoh() returned SMFIS_TEMPFAIL");
	else
		printf("### INSHEADER idx=1 hname='DKIM-Signature' hvalue='v=1; d=%s; "
		       "s=%s; b=x'\n",
		       domain, selector + strlen(mark));
	return 0;
}

static int systemctl(const char *verb, const char *unit)
{
	for (enum server server = POSTFIX; server < SERVERS; server++)
		if (strcmp(unit, names[server]) == 0)
			return act(server, verb);
	if (strcmp(verb, "show") == 0)
		puts("LoadState=not-found\nActiveState=inactive");
	return strcmp(verb, "show") == 0 ? 0 : 5;
}

static int play(const char *name, int argc, char **argv)
{
	auto_buf call = BUF_INIT;
	buf_puts(&call, name);
	for (int i = 1; i < argc; i++)
		buf_printf(&call, " %s", argv[i]);
	bool is_willing = note_call(buf_text(&call));
	if (strcmp(name, "postconf") == 0)
		return postconf(argc, argv);
	if (!is_willing) {
		fputs("it does not want to\n", stderr);
		return 1;
	}
	if (strcmp(name, "postfix") == 0)
		return act(POSTFIX, argv[argc - 1]);
	if (strcmp(name, "opendkim") == 0 && argc == 6 && strcmp(argv[1], "-t") == 0)
		return try_message(argv[2], argv[5]);
	if (strcmp(name, "systemctl") == 0 && argc > 2)
		return systemctl(argv[1], argv[argc - 1]);
	return 0;
}

static int loopback(void)
{
	struct ifreq request = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = ioctl(fd, SIOCGIFFLAGS, &request);
	request.ifr_flags |= IFF_UP;
	return r < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0;
}

static int halt(void)
{
	stop(POSTFIX);
	stop(OPENDKIM);
	return 0;
}

static int boot(void)
{
	unlink(LOG);
	unlink("/fake/bad");
	return start(OPENDKIM) && start(POSTFIX) ? 0 : 1;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	const char *word = argc > 1 ? argv[1] : "";
	umask(022);
	if (strcmp(name, "fake_mta") != 0)
		return play(name, argc, argv);
	if (strcmp(word, "boot") == 0)
		return boot();
	if (strcmp(word, "loopback") == 0)
		return loopback();
	if (strcmp(word, "look") == 0)
		return fake_look(argc > 2) > 0;
	if (strcmp(word, "tree") == 0)
		return argc > 2 && chdir(argv[2]) == 0 ? fake_tree() : 1;
	return strcmp(word, "halt") == 0 ? halt() : 2;
}
