# mailauthctl: one Makefile.
#
#   make [MODE=release|debug|asan|tsan|fuzz] [CC=gcc|clang] [WERROR=1]     -> bin/mailauthctl
#   sudo make quickstart    libraries, build, and the main job on the directory backend in ./quickstart/
#   sudo make check         what the tests need, builds, and every test; ends in "N passed, M failed, K skipped"
#   make check PARTS="build unit e2e" E2E="signing srs"    parts of it, and of e2e
#   make SECCOMP=0          mailauth-policyd without a filter of its own for system calls (1: with it, on aarch64 too)
#   make check TESTDATA=DIR with public test data from DIR (default: ../shared/data where that exists)
#   make check-style check-layers check-unit check-fuzz check-cli check-man check-po check-terminal check-policyd
#                         check-faults check-e2e check-packaging: parts of it
#   make check-install      the package, and README.md from clone to a signed message, in a bare root (SUITE=trixie)
#   sudo make check-release SUITE=trixie    the same, PARTS= and E2E= too, in a root of that Debian release
#   sudo make check-setups  mail servers as projects set them up, from TESTDATA/setups (SETUPS="emailwiz" some of them)
#   make check-slow         full sweeps           make bench     figures, as ratios
#   make install uninstall  with DESTDIR= PREFIX= (default /usr/local); the program goes to $(PREFIX)/sbin,
#                         mailauth-policyd to $(PREFIX)/libexec/mailauthctl
#   make deb                a Debian package in build/deb
#   make man                pages of the manual, in build/release/man
#   make clean              make update-cli       writes what the command line prints now into tests/cli/*.out
#   make update-po          brings po/*.po and man/*.po up to date with the messages of code and manual
#
# Not root: nothing is installed; what is missing is said, and the tests that need it are skipped.

MODE   ?= release
PREFIX ?= /usr/local
DESTDIR ?=
CC     ?= cc
WERROR ?=
TESTDATA ?= $(wildcard ../shared/data)

VERSION := 0.1.0

# Ends a command of a list of commands.
define newline


endef

# ---- what there is: explicit, sorted lists ---------------------------------------------------

base_src := address alloc arena ascii buf ctx digest disk english err fan file file_folder file_stage \
	library lock names network path peer run secret signals text tree_write words yaml
dnszone_src := \
	$(addprefix name/,dns_name name placeholder rr rr_typed serial tags zone_block zone_read \
		zone_scan) \
	$(addprefix query/,authority query query_servers query_slot query_try resolver \
		resolver_cache resolver_zone rr_table wire zone_look zone_servers) \
	$(addprefix spf/,received_spf spf_ahead spf_check spf_edit spf_eval spf_hint \
		spf_macro spf_mech spf_mode spf_record spf_result spf_trace) \
	$(addprefix dkim/,dkim_canon dkim_crypto dkim_fields dkim_key dkim_key_record \
		dkim_message dkim_record dkim_result dkim_signature dkim_verify dkim_verify_key \
		livecheck) \
	$(addprefix dmarc/,dmarc_record dmarc_record_check dmarc_trace dmarc_tree dmarc_value \
		dmarc_verdict from_header) \
	$(addprefix txt/,policy policy_edit) \
	$(addprefix lint/,lint lint_dkim lint_dmarc lint_dmarc_look lint_spf lint_spf_survey \
		lint_spf_text lint_table lint_txt lint_zone) \
	$(addprefix verify/,auth_results exceptions hidden_field message_verify policyd_settings)
store_src := change migrate schema stmt store
model_src := \
	$(addprefix setting/,env selector_pattern setting setting_label setting_table setting_type spf_setting srs_secret) \
	$(addprefix domain/,access domain left_out) \
	$(addprefix key/,key key_crypto key_secret keygen keyring keyring_choose keyring_learn keyring_revoke \
		keyring_rotate publish publish_wait ring signing) \
	$(addprefix record/,first_look record record_place record_policy record_present \
		record_text records records_check records_diff records_list \
		records_syntax stored template template_apply template_edit template_whole) \
	$(addprefix life/,domain_life import_name import_scan import_tables import_tree \
		import_walk key_tables key_tables_amavis key_tables_exim key_tables_opendkim \
		key_tables_rspamd) \
	$(addprefix export/,export export_file export_finish export_into export_kept export_state \
		heartbeat) \
	$(addprefix config/,config_apply config_apply_domain config_apply_template \
		config_read config_read_records config_schema config_write) \
	$(addprefix undo/,undo undo_domain undo_record)
mta_src := \
	$(addprefix host/,account descriptors item_list log_line marked_block networks service \
		service_filter service_master service_process service_systemd spans) \
	$(addprefix remote/,credentials http jsdoc pin xmldoc) \
	$(addprefix plan/,backend desired diff plan plan_prune probe_type shared step) \
	$(addprefix check/,key_check path_check port_taken service_log stage validate) \
	$(addprefix probe/,map_probe milter milter_headers milter_probe policy_probe \
		smtp_probe) \
	$(addprefix provider/,offer opendkim opendkim_access opendkim_conf opendkim_keys \
		opendkim_renew opendkim_rollback opendkim_tables opendkim_try \
		opendkim_validate opendmarc policyd_conf postsrsd \
		postsrsd_conf rspamd) \
	$(addprefix engine/,drift_file drift_remote drifts engine folders history journal owned \
		owned_file owned_remote owned_service recover roll_back step_file step_probe \
		step_remote step_service target told) \
	$(addprefix postfix/,postfix postfix_advise postfix_canonical postfix_detect \
		postfix_dkim postfix_earlier postfix_expand postfix_filter_tables \
		postfix_filters postfix_macros postfix_main postfix_main_own postfix_master \
		postfix_observe postfix_other_spf postfix_other_verify postfix_policy postfix_programs \
		postfix_render postfix_restore postfix_restrict postfix_route postfix_service \
		postfix_services postfix_smtpd postfix_srs postfix_validate postfix_values \
		postfix_verify \
		signers) \
	$(addprefix directory/,directory) \
	$(addprefix exim/,exim) \
	$(addprefix qmail/,qmail qmail_detect qmail_dkim qmail_hooks qmail_probe qmail_queue qmail_service qmail_spf \
		qmail_srs) \
	$(addprefix smartermail/,smartermail smartermail_antispam smartermail_remote \
		smartermail_session) \
	$(addprefix icewarp/,icewarp icewarp_remote icewarp_session) \
	$(addprefix mailenable/,mailenable mailenable_compare mailenable_config \
		mailenable_files mailenable_report) \
	$(addprefix push/,absence backend_choose desired_store drift push push_facts push_observe push_plan push_state registry \
		remotes rollback) \
	$(addprefix doctor/,doctor doctor_database doctor_disk doctor_dns doctor_keys \
		doctor_program doctor_records doctor_sample doctor_server doctor_zones)
job_src := change_push config_import domain_set enable_dkim export_activate host_push key_import \
	key_lookup key_making preview revoke_key session session_access takeover zone_ask zone_forget
cli_src := \
	$(addprefix line/,args args_grammar caller caller_process command command_help \
		commands help_topic language panel_manual) \
	$(addprefix complete/,complete complete_line complete_source) \
	$(addprefix out/,out out_json out_layout out_table out_tsv progress when) \
	$(addprefix app/,app app_dns app_input app_run changes dry_run findings \
		key_step overview paste spf_targets srs_targets typed) \
	$(addprefix cmd/,cmd_audit cmd_completion cmd_config cmd_db cmd_dkim cmd_dmarc \
		cmd_dmarc_check cmd_doctor cmd_domain cmd_domain_show cmd_key \
		cmd_key_import cmd_key_lint cmd_key_rotate cmd_mta cmd_mta_backends \
		cmd_mta_history cmd_mta_status cmd_record cmd_server cmd_spf cmd_template cmd_zone dmarc_input dmarc_message)
# mailauth-qmail-queue: these, and nothing else.
queue_src := queue/queue_envelope
# mailauth-policyd: these and what it uses of base and dnszone, nothing else.
policyd_src := \
	$(addprefix policyd/,policyd_conf policyd_decide policyd_dmarc policyd_dns \
		policyd_incoming policyd_log policyd_message policyd_milter policyd_outcome \
		policyd_packet policyd_request policyd_results policyd_seccomp policyd_serve)

# What the shells read; each asks the program.
completions := _mailauthctl mailauthctl.bash mailauthctl.fish

unit_tests := \
	$(addprefix cli/complete/test_,complete) \
	$(addprefix cli/line/test_,caller command commands help_topic) \
	$(addprefix cli/out/test_,out when) \
	$(addprefix cli/policyd/test_,policyd policyd_conf policyd_milter policyd_serve) \
	$(addprefix cli/queue/test_,queue_envelope) \
	$(addprefix core/base/test_,address arena ascii base disk file file_folder file_stage lock names \
		network peer run text tree_write yaml) \
	$(addprefix core/job/test_,change_push change_push_observe session_access) \
	$(addprefix core/model/config/test_,config) \
	$(addprefix core/model/domain/test_,access model) \
	$(addprefix core/model/export/test_,export export_kept export_state heartbeat) \
	$(addprefix core/model/key/test_,key_crypto keygen keyring keyring_rotate publish) \
	$(addprefix core/model/life/test_,import_name import_walk key_tables) \
	$(addprefix core/model/record/test_,first_look records records_syntax) \
	$(addprefix core/model/setting/test_,setting setting_label setting_type srs_secret) \
	$(addprefix core/model/undo/test_,undo) \
	$(addprefix core/mta/check/test_,path_check service_log stage validate) \
	$(addprefix core/mta/doctor/test_,doctor doctor_program) \
	$(addprefix core/mta/engine/test_,engine journal owned_file recover remote step_file step_service target) \
	$(addprefix core/mta/host/test_,service service_filter service_master service_process) \
	$(addprefix core/mta/plan/test_,desired plan shared step) \
	$(addprefix core/mta/postfix/test_,postfix postfix_advise postfix_canonical postfix_detect postfix_expand postfix_filters postfix_main \
		postfix_master postfix_observe postfix_other_verify postfix_restrict postfix_route postfix_service postfix_validate \
		postfix_values signers) \
	$(addprefix core/mta/probe/test_,map_probe milter policy_probe) \
	$(addprefix core/mta/provider/test_,opendkim opendkim_renew opendmarc postsrsd \
		postsrsd_conf rspamd) \
	$(addprefix core/mta/qmail/test_,qmail) \
	$(addprefix core/mta/remote/test_,credentials docs http) \
	$(addprefix core/mta/push/test_,backend_choose contract drift_remote push rollback) \
	$(addprefix core/mta/icewarp/test_,icewarp) \
	$(addprefix core/mta/mailenable/test_,mailenable) \
	$(addprefix core/mta/smartermail/test_,smartermail) \
	$(addprefix core/store/test_,store store_open) \
	$(addprefix dnszone/dkim/test_,dkim_limits dkim_message dkim_record dkim_rfc \
		dkim_verify) \
	$(addprefix dnszone/dmarc/test_,dmarc_record dmarc_tree dmarc_verdict from_header) \
	$(addprefix dnszone/lint/test_,lint_dkim lint_dmarc lint_spf lint_txt lint_zone) \
	$(addprefix dnszone/name/test_,dns_name dnszone name_octets rr zone_block) \
	$(addprefix dnszone/query/test_,authority query query_servers query_tries resolver \
		zone_look) \
	$(addprefix dnszone/spf/test_,received_spf spf_check spf_eval spf_mode spf_record spf_suite) \
	$(addprefix dnszone/txt/test_,policy_edit) \
	$(addprefix dnszone/verify/test_,auth_results hidden_field message_verify)
fuzz_tests := config dkim_canon dkim_key_record dkim_message dkim_record dmarc_record \
	dns_answer from_header key_tables lint_dkim lint_zone mailenable milter_session remote_answer policy_request spf_macro \
	spf_record typed_txt

# Languages of messages besides English: po/<language>.po
languages := es

# ---- flags -----------------------------------------------------------------------------------

# ldns calls its pkg-config file ldns or libldns, by version and distribution.
LDNS := $(shell pkg-config --exists libldns 2>/dev/null && echo libldns || echo ldns)
PKGS := sqlite3 libcrypto yaml-0.1 $(LDNS) libidn2 jansson libcurl expat
POLICYD_PKGS := yaml-0.1 $(LDNS) libidn2

WARN := -Wall -Wextra -Wshadow -Wpointer-arith -Wstrict-prototypes -Wmissing-prototypes \
	-Wformat=2 -Wundef -Wvla -Wwrite-strings -Wcast-qual -Wno-format-nonliteral \
	-Wno-missing-field-initializers
ifneq ($(WERROR),)
WARN += -Werror
endif

# "$(call knows,OPTIONS)": the options where the compiler (and the C library) knows them.
knows = $(shell printf '\043include <stdlib.h>\n' | $(CC) -O2 -Werror $(1) -fsyntax-only -xc - \
	2>/dev/null && echo '$(1)')
HARDEN := -fPIE -fstack-protector-strong -fstack-clash-protection \
	$(call knows,-fcf-protection=full) $(call knows,-mbranch-protection=standard)
FORTIFY := $(or $(call knows,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2)
LINK_HARDEN := -pie -Wl,-z,relro,-z,now,--as-needed -Wl,-O1

mode_release := -O2 $(FORTIFY)
mode_debug   := -Og -g3
mode_asan    := -O1 -g1 -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
mode_tsan    := -O1 -g3 -fsanitize=thread
mode_fuzz    := -O1 -g3 -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-recover=all
ifeq ($(filter $(MODE),release debug asan tsan fuzz),)
$(error MODE=$(MODE) is not one of release debug asan tsan fuzz)
endif

BUILD ?= build/$(MODE)
build := $(BUILD)
# Tried on this processor alone; on others SECCOMP=1 asks for it (cli/policyd/policyd_seccomp.c has aarch64).
SECCOMP ?= $(if $(filter x86_64-%,$(shell $(CC) -dumpmachine 2>/dev/null)),1,0)
POLICYD_PATH ?= $(PREFIX)/libexec/mailauthctl/mailauth-policyd
QMAIL_QUEUE_PATH ?= $(dir $(POLICYD_PATH))mailauth-qmail-queue
LOCALEDIR ?= $(PREFIX)/share/locale
CPPFLAGS_ALL := -D_GNU_SOURCE -I. -I$(build)/gen -DMAILAUTHCTL_VERSION='"$(VERSION)"' \
	-DPOLICYD_PATH='"$(POLICYD_PATH)"' -DQMAIL_QUEUE_PATH='"$(QMAIL_QUEUE_PATH)"' -DLOCALEDIR='"$(LOCALEDIR)"' \
	$(if $(filter-out 0,$(SECCOMP)),-DPOLICYD_SECCOMP) $(CPPFLAGS)
CFLAGS_ALL := -std=c17 -g $(mode_$(MODE)) $(HARDEN) $(WARN) -pthread $(CFLAGS) \
	$(shell pkg-config --cflags $(PKGS) 2>/dev/null)
LDFLAGS_ALL := $(mode_$(MODE)) $(LINK_HARDEN) -pthread $(LDFLAGS)
LIBS := $(shell pkg-config --libs sqlite3 2>/dev/null)
TEST_LIBS := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lcmocka
# mailauth-policyd gives up its rights early, so it has its libraries from the start.
POLICYD_LIBS := -Wl,--no-as-needed $(shell pkg-config --libs $(POLICYD_PKGS) 2>/dev/null)

# What is opened when it is needed (core/base/library.h), by the name of the ABI that is built for.
soname = $(shell objdump -p "$$($(CC) -print-file-name=lib$(1).so)" 2>/dev/null | sed -n 's/^ *SONAME *//p')
opened := crypto curl expat idn2 jansson ldns yaml
CPPFLAGS_ALL += $(foreach name,$(opened),-DLIBRARY_$(shell echo $(name) | tr a-z A-Z)='"$(call soname,$(name))"')

# ---- targets ---------------------------------------------------------------------------------

low_names := $(base_src:%=core/base/%) $(dnszone_src:%=dnszone/%)
low_obj := $(low_names:%=$(build)/%.o)
policyd_obj := $(policyd_src:%=$(build)/cli/%.o)
lib_names := $(base_src:%=core/base/%) $(dnszone_src:%=dnszone/%) $(store_src:%=core/store/%) \
	$(model_src:%=core/model/%) $(mta_src:%=core/mta/%) \
	$(job_src:%=core/job/%) $(cli_src:%=cli/%) \
	$(policyd_src:%=cli/%) $(queue_src:%=cli/%)
lib_src := $(lib_names:%=%.c)
lib_obj := $(lib_src:%.c=$(build)/%.o)
lib := $(build)/libmailauth.a
catalogue = $(build)/locale/$(1)/LC_MESSAGES/mailauthctl.mo
catalogues := $(foreach language,$(languages),$(call catalogue,$(language)))
unit_bin := $(unit_tests:%=$(build)/tests/unit/%)
fuzz_bin := $(fuzz_tests:%=$(build)/tests/fuzz/fuzz_%)

.PHONY: all all-here lib man test-programs syntax unit list-unit fuzz list-fuzz need-libraries clean install uninstall list-installed quickstart deb bench \
	check check-style check-layers check-unit check-fuzz check-cli check-man check-po check-terminal check-policyd check-faults check-e2e check-packaging check-setups check-slow check-install check-release \
	update-cli update-po FORCE
all: bin/mailauthctl bin/mailauth-policyd bin/mailauth-qmail-queue man $(catalogues)
all-here: $(build)/mailauthctl $(build)/mailauth-policyd $(build)/mailauth-qmail-queue

bin/%: $(build)/%
	@mkdir -p bin
	@cp -f $< $@

main_obj := $(build)/cli/main.o $(build)/cli/line/help_pages.o
$(build)/mailauthctl: $(main_obj) $(lib) $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $(main_obj) $(lib) $(LIBS)

# Needs every library that mailauthctl opens: what a package depends on, and what a root for tests
# gets, is read from it.
$(build)/libraries: $(build)/flags
	echo 'int main(void) { return 0; }' | $(CC) $(CFLAGS_ALL) $(LDFLAGS_ALL) -o $@ -x c - \
		-Wl,--no-as-needed $(shell pkg-config --libs $(PKGS))

# A library of the two lowest layers alone: that nothing else can get in is a matter of linking.
$(build)/liblow.a: $(low_obj)
	@rm -f $@
	$(AR) rcs $@ $^
$(build)/mailauth-policyd: $(build)/cli/policyd/policyd.o $(policyd_obj) $(build)/liblow.a $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(POLICYD_LIBS)
# It stands in front of each message of qmail: the C library alone.
queue_obj := $(queue_src:%=$(build)/cli/%.o)
$(build)/mailauth-qmail-queue: $(build)/cli/queue/qmail_queue.o $(queue_obj) $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o,$^)

# What tests use besides the programs.
bench_bin := $(addprefix $(build)/tests/bench/,dns_time milter_time policy_time usage)
$(build)/tests/lib/dnsd $(build)/tests/bench/dns_time $(build)/tests/bench/policy_time $(build)/tests/bench/usage: %: %.o $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $<
$(build)/tests/bench/milter_time: $(build)/tests/bench/milter_time.o $(lib) $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(LIBS)
fake_mta_obj := $(build)/tests/lib/fake_mta.o $(build)/tests/lib/fake_mta_look.o \
	$(build)/tests/lib/fake_mta_serve.o
$(build)/tests/lib/fake_mta: $(fake_mta_obj) $(lib) $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $(fake_mta_obj) $(lib) $(LIBS)
$(build)/tests/lib/fail_store.so: tests/lib/fail_store.c $(build)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fPIC -shared -o $@ $<
$(addprefix $(build)/tests/lib/,dkim_ask from_ask spf_ask): %: %.o $(build)/liblow.a $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(POLICYD_LIBS)

lib: $(lib)
$(lib): $(lib_obj)
	@rm -f $@
	$(AR) rcs $@ $^

unit: $(unit_bin)
list-unit:
	@printf '%s\n' $(unit_bin)
# Every server passes one suite, a server of the tests' own among them: its folder, and its line in
# the registry, which is row.h.
contract := $(build)/tests/unit/core/mta/push/test_contract
contract_obj := $(build)/tests/unit/server/server.o $(build)/tests/unit/server/registry.o
$(build)/tests/unit/server/registry.o: core/mta/push/registry.c tests/unit/server/row.h $(build)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -include tests/unit/server/row.h -MMD -MP -c -o $@ $<
$(contract): $(contract).o $(contract_obj) $(lib) $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $< $(contract_obj) $(lib) $(TEST_LIBS)
# What several of them share besides headers.
unit_shared := $(build)/tests/unit/resolver_mock.o
signed_tests := $(addprefix $(build)/tests/unit/dnszone/dkim/test_dkim_,limits verify)
$(signed_tests): unit_shared += $(build)/tests/unit/dkim_signer.o
$(signed_tests): $(build)/tests/unit/dkim_signer.o
$(build)/tests/unit/%: $(build)/tests/unit/%.o $(unit_shared) $(lib) $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $< $(unit_shared) $(lib) $(TEST_LIBS)

# MODE=fuzz CC=clang: libFuzzer searches.  Other modes: the same target replays files.
ifeq ($(MODE),fuzz)
fuzz_main := -fsanitize=fuzzer
else
fuzz_main := $(build)/tests/fuzz/replay.o
endif
fuzz: $(fuzz_bin)
list-fuzz:
	@printf '%s\n' $(fuzz_bin)
$(build)/tests/fuzz/%: $(build)/tests/fuzz/%.o $(filter %.o,$(fuzz_main)) $(lib) $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $< $(fuzz_main) $(lib) $(LIBS)

$(build)/%.o: %.c $(build)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Objects depend on the flags: a change of any rebuilds all.
$(build)/flags: FORCE | need-libraries
	@mkdir -p $(@D)
	@echo '$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(LIBS)' | cmp -s - $@ || \
		echo '$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(LDFLAGS_ALL) $(LIBS)' >$@

need-libraries:
	@command -v pkg-config >/dev/null || { \
		echo 'pkg-config is missing; as root: debian/setup.sh build' >&2; exit 1; }
	@command -v mandoc >/dev/null || { \
		echo 'mandoc is missing; as root: debian/setup.sh build' >&2; exit 1; }
	@for library in $(PKGS); do pkg-config --exists $$library || { \
		echo "the library $$library is missing; as root: debian/setup.sh build" >&2; \
		exit 1; }; done

# SQL texts become C strings, so that the program needs no file of its own to run.
$(build)/gen/%.sql.inc: db/%.sql
	@mkdir -p $(@D)
	@sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\(.*\)$$/"\1\\n"/' $< >$@
# The same for the shells' files that `mailauthctl completion` prints.
$(build)/gen/%.inc: completions/%
	@mkdir -p $(@D)
	@sed -e 's/\\/\\\\/g' -e 's/"/\\"/g' -e 's/^\(.*\)$$/"\1\\n"/' $< >$@
$(build)/cli/cmd/cmd_completion.o: $(completions:%=$(build)/gen/%.inc)
$(build)/core/store/schema.o: $(build)/gen/schema.sql.inc
$(build)/core/mta/engine/target.o: $(build)/gen/target.sql.inc

# ---- the manual --------------------------------------------------------------------------------
#
# The library -> manref, which knows the tables -> pages -> their text -> what `help` prints.

# The pages of a language are made with its two catalogues, man/<language>.po and the program's.

man_pages := mailauthctl.8 mailauthctl-settings.5 mailauthctl-template.5 mailauth-policyd.8 \
	mailauth-qmail-queue.8
man_built := $(man_pages:%=$(build)/man/%)
man_translated := $(foreach language,$(languages),$(man_pages:%=$(build)/man/$(language)/%))
man: $(man_built) $(man_translated)

manref_src := $(addprefix cli/line/,$(addsuffix .c,manref manref_page manref_tables manref_text))
manref_obj := $(manref_src:%.c=$(build)/%.o)
$(build)/manref: $(manref_obj) $(lib) $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $(manref_obj) $(lib) $(LIBS)

# What stands by hand beside the rows of a table.
$(foreach folder,man $(languages:%=man/%),$(build)/$(folder)/mailauthctl.8): man/commands.mdoc
$(foreach folder,man $(languages:%=man/%),$(build)/$(folder)/mailauthctl-settings.5): man/settings.mdoc
define make_page
	@mkdir -p $(@D)
	$(build)/manref page $< $(filter %.mdoc,$^) $(filter %.mo,$^) >$@.tmp
	@mv -f $@.tmp $@
endef
$(man_built): $(build)/man/%: man/%.in $(build)/manref
	$(make_page)
define translated_pages
$(man_pages:%=$(build)/man/$(1)/%): $(build)/man/$(1)/%: man/%.in $(build)/manref $(build)/po/man-$(1).mo $(call catalogue,$(1))
	$$(make_page)
endef
$(foreach language,$(languages),$(eval $(call translated_pages,$(language))))

rendered := $(foreach page,$(man_pages) $(man_translated:$(build)/man/%=%),$(build)/gen/$(page).utf8.inc $(build)/gen/$(page).ascii.inc)
define render
	@mkdir -p $(@D)
	mandoc -T$(1) -Owidth=78 -Ios='mailauthctl $(VERSION)' $< >$@.txt
	@$(build)/manref embed $@.txt >$@.tmp
	@mv -f $@.tmp $@
endef
$(build)/gen/%.utf8.inc: $(build)/man/%
	$(call render,utf8)
$(build)/gen/%.ascii.inc: $(build)/man/%
	$(call render,ascii)
# The rows of a page's translations.
translations := $(man_pages:%=$(build)/gen/%.translations.inc)
$(translations): $(build)/gen/%.translations.inc: Makefile
	@mkdir -p $(@D)
	@for language in $(languages); do \
		printf '{ "%s",\n#include "%s.utf8.inc"\n,\n#include "%s.ascii.inc"\n},\n' \
			$$language $$language/$* $$language/$*; done >$@
$(build)/cli/line/help_pages.o: $(rendered) $(translations)

# ---- languages -------------------------------------------------------------------------------

# Where each message stands, but not in which line: a change elsewhere in the file changes nothing.
po_layout := --sort-by-file --add-location=file
# mailauth-policyd speaks English alone.
message_src := $(filter-out $(policyd_src:%=cli/%.c) $(queue_src:%=cli/%.c),$(lib_src)) cli/line/help_pages.c \
	$(wildcard cli/*/*.h core/*/*.h core/*/*/*.h dnszone/*/*.h)

$(build)/po/mailauthctl.pot: $(message_src)
	@mkdir -p $(@D)
	@xgettext --from-code=UTF-8 --language=C --keyword=_ --keyword=N_ --add-comments=TRANSLATORS \
		--package-name=mailauthctl $(po_layout) -o $@ $(sort $^)
	@sed -i '/^"POT-Creation-Date/d' $@

$(catalogues): $(build)/locale/%/LC_MESSAGES/mailauthctl.mo: po/%.po
	@mkdir -p $(@D)
	msgfmt --check -o $@ $<

# The messages of the manual's sources, in their order, and manref's own.
manual_src := $(man_pages:%=man/%.in) man/commands.mdoc man/settings.mdoc
$(build)/po/manual.pot: $(manual_src) $(manref_src) $(build)/manref
	@mkdir -p $(@D)
	@$(build)/manref messages $(manual_src) | msguniq -o $@.pages -
	@xgettext --from-code=UTF-8 --language=C --keyword=_ --keyword=N_ --add-comments=TRANSLATORS \
		--add-location=file -o $@.words $(manref_src)
	@sed -i '/^"POT-Creation-Date/d; s/CHARSET/UTF-8/' $@.words
	@msgcat --use-first -o $@ $@.pages $@.words

$(build)/po/man-%.mo: man/%.po
	@mkdir -p $(@D)
	msgfmt --check-format -o $@ $<

# Brings a catalogue up to date with its template: $(call merge_po,CATALOGUE,TEMPLATE,LAYOUT)
merge_po = msgmerge -q --no-fuzzy-matching $(3) -o $(2).merged $(1) $(2) && \
	msgattrib --no-obsolete $(3) -o $(1) $(2).merged$(newline)
update-po: $(build)/po/mailauthctl.pot $(build)/po/manual.pot
	$(foreach language,$(languages),$(call merge_po,po/$(language).po,$(build)/po/mailauthctl.pot,$(po_layout)))
	$(foreach language,$(languages),$(call merge_po,man/$(language).po,$(build)/po/manual.pot,))

# The program as it finds catalogues that are not installed: for tests.
$(build)/tests/lib/main_here.o: cli/main.c $(build)/flags
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS_ALL) -ULOCALEDIR -DLOCALEDIR='"$(abspath $(build)/locale)"' $(CFLAGS_ALL) \
		-MMD -MP -c -o $@ $<
$(build)/tests/lib/mailauthctl_here: $(build)/tests/lib/main_here.o $(build)/cli/line/help_pages.o $(lib) $(build)/flags
	$(CC) $(LDFLAGS_ALL) -o $@ $(filter %.o %.a,$^) $(LIBS)

# What the tests run besides the programs, the unit tests and the fuzz targets.
test-programs: $(addprefix $(build)/tests/lib/,dkim_ask dnsd fail_store.so fake_mta from_ask mailauthctl_here spf_ask) $(build)/libraries $(build)/po/mailauthctl.pot $(build)/po/manual.pot

# The files of programs and tests, looked at by another compiler, which makes nothing: SYNTAX_CC=clang
SYNTAX_CC ?= $(CC)
syntax: $(completions:%=$(build)/gen/%.inc) $(build)/gen/schema.sql.inc $(build)/gen/target.sql.inc $(rendered) $(translations) | need-libraries
	@printf '%s\0' $(lib_src) $(main_obj:$(build)/%.o=%.c) cli/policyd/policyd.c cli/queue/qmail_queue.c $(manref_src) \
		$(sort $(unit_tests:%=tests/unit/%.c) $(wildcard tests/unit/*.c tests/fuzz/*.c tests/lib/*.c)) | \
		xargs -0 -n 16 -P "$$(nproc)" $(SYNTAX_CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -fsyntax-only

clean:
	rm -rf build bin

# ---- install ---------------------------------------------------------------------------------

libexec := $(PREFIX)/libexec/mailauthctl

# What is installed, a row for each file: source, mode, destination, in one word.
installed := bin/mailauthctl:0755:$(PREFIX)/sbin/mailauthctl
installed += bin/mailauth-policyd:0755:$(libexec)/mailauth-policyd
installed += bin/mailauth-qmail-queue:0755:$(libexec)/mailauth-qmail-queue
man_row = $(build)/man/$(1):0644:$(PREFIX)/share/man/man$(patsubst .%,%,$(suffix $(1)))/$(1)
installed += $(foreach page,$(man_pages),$(call man_row,$(page)))
man_row_in = $(build)/man/$(1)/$(2):0644:$(PREFIX)/share/man/$(1)/man$(patsubst .%,%,$(suffix $(2)))/$(2)
installed += $(foreach language,$(languages),$(foreach page,$(man_pages),$(call man_row_in,$(language),$(page))))
installed += completions/mailauthctl.bash:0644:$(PREFIX)/share/bash-completion/completions/mailauthctl
installed += completions/_mailauthctl:0644:$(PREFIX)/share/zsh/site-functions/_mailauthctl
installed += completions/mailauthctl.fish:0644:$(PREFIX)/share/fish/vendor_completions.d/mailauthctl.fish
installed += $(foreach language,$(languages),$(call \
	catalogue,$(language)):0644:$(LOCALEDIR)/$(language)/LC_MESSAGES/mailauthctl.mo)
# The system's own folders: they stay, empty or not.  Others go when nothing is left in them.
kept_folders := $(PREFIX) $(addprefix $(PREFIX)/,bin lib sbin share share/man)

install_one = install -D -m $(word 2,$(1)) $(word 1,$(1)) '$(DESTDIR)$(word 3,$(1))'
install: all
	$(foreach row,$(installed),$(call install_one,$(subst :, ,$(row)))$(newline))

# Databases, keys and zones stay where they are.
uninstall:
	$(foreach row,$(installed),rm -f '$(DESTDIR)$(word 3,$(subst :, ,$(row)))'$(newline))
	@for folder in $(sort $(foreach row,$(installed),$(patsubst %/,%,$(dir $(word 3,$(subst :, ,$(row))))))); do \
		until case ' $(kept_folders) ' in *" $$folder "*) true ;; *) false ;; esac; do \
			rmdir '$(DESTDIR)'"$$folder" 2>/dev/null || break; \
			folder=$${folder%/*}; \
		done; \
	done

# Mode and path of each file that `make install` makes.
list-installed:
	@printf '%s %s\n' $(foreach row,$(installed),$(word 2,$(subst :, ,$(row))) $(word 3,$(subst :, ,$(row))))

deb:
	@debian/package.sh

quickstart:
	@CC='$(CC)' MAKE='$(MAKE)' debian/quickstart.sh

# ---- tests: each target ends in "N passed, M failed, K skipped" ----------------------------------

run_tests = CC='$(CC)' MAKE='$(MAKE)' TESTDATA='$(TESTDATA)' tests/run.sh

check:
	@debian/setup.sh test
	@E2E='$(E2E)' $(run_tests) $(PARTS)
check-style check-layers check-unit check-fuzz check-cli check-man check-po check-terminal check-policyd check-faults check-e2e check-packaging check-setups check-slow check-install:
	@SUITE='$(SUITE)' E2E='$(E2E)' SETUPS='$(SETUPS)' $(run_tests) $(@:check-%=%)
check-release:
	@TESTDATA='$(TESTDATA)' PARTS='$(PARTS)' E2E='$(E2E)' tests/release.sh '$(SUITE)'

update-cli: all $(build)/tests/lib/dnsd
	tests/cli/run.sh --update $(build)/mailauthctl

bench: all
	@debian/setup.sh test
	@$(MAKE) --no-print-directory $(build)/tests/lib/dnsd $(build)/tests/lib/spf_ask $(bench_bin)
	@tests/bench/run.sh $(build)/mailauthctl

-include $(lib_obj:.o=.d) $(unit_bin:=.d) $(fuzz_bin:=.d) $(build)/cli/main.d \
	$(contract_obj:.o=.d) $(addprefix $(build)/tests/unit/,resolver_mock.d dkim_signer.d) \
	$(build)/cli/policyd/policyd.d $(build)/cli/queue/qmail_queue.d $(addprefix $(build)/tests/lib/,dkim_ask.d dnsd.d from_ask.d spf_ask.d) \
	$(fake_mta_obj:.o=.d) $(bench_bin:=.d) $(build)/tests/lib/main_here.d \
	$(build)/cli/line/help_pages.d $(manref_obj:.o=.d)
