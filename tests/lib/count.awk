# Counts the results in TAP; prints failures as they are, then a last line "passed failed skipped".
# -v status=N: the exit status of the producer.  Too few results, or a failing producer without a
# failed result, count as one failure.

/^[ \t]*1\.\.0[ \t]*# *SKIP/ { skipped++; planned += 0; saw_plan = 1; print; next }
/^[ \t]*1\.\.[0-9]+/ { sub(/^[ \t]*1\.\./, ""); planned += $1; saw_plan = 1; next }
/^(not )?ok.*# *[Ss][Kk][Ii][Pp]/ { skipped++; results++; print; is_shown = 0; next }
/^ok/ { passed++; results++; is_shown = 0; next }
/^not ok/ { failed++; results++; is_shown = 1; print; next }
/^Bail out!/ { print; next }
is_shown { print }

END {
	if (saw_plan && results < planned) {
		printf "not ok - %d of %d results are missing\n", planned - results, planned
		failed += planned - results
	}
	if (!saw_plan) {
		print "not ok - ended without a plan line (exit status " status ")"
		failed++
	} else if (status != 0 && !failed) {
		print "not ok - exit status " status
		failed++
	}
	printf "%d %d %d\n", passed, failed, skipped
}
