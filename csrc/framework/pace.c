/* pace.c: one thread or the whole team, found out by trying.
 *
 * An estimate cannot know that a neighbour keeps a core busy, and then a team that waits for its slowest thread may be
 * ten times slower than one thread alone. So either is tried for a millisecond, after another one for threads to wake up
 * in, and the better one is kept for a while, longer each time it wins again; a team that falls behind what one thread did
 * has to show at once that it still is. Results do not depend on the choice. */
#include "network.h"

enum { LOOK = 4, FIRST_STRETCH = 16, LONGEST_STRETCH = 1024 }; /* trials */
static const double TRIAL_NS = 1e6;

/* So many of the two, this one first. */
static void try(fm_pace *pace, int by_team, int trials) {
    pace->by_team = by_team;
    pace->trials = trials;
    pace->left = 2 * pace->trial;
}

void fm_pace_start(fm_pace *pace, double step_ns) {
    pace->trial = 1 + (int64_t)(TRIAL_NS / step_ns);
    try(pace, 1, 2);
}

static int has_choice(int most) { return most > 1 && !fm_threads_forced(); }
static int wakes_up(const fm_pace *pace) { return pace->trials && pace->left > pace->trial; }

int64_t fm_pace_next(const fm_pace *pace, int most, int *threads) {
    *threads = most;
    if (!has_choice(most)) return INT64_MAX;
    if (!pace->by_team) *threads = 1;
    if (pace->trials) return wakes_up(pace) ? pace->left - pace->trial : pace->left;
    return fm_min64(pace->left, LOOK * pace->trial);
}

static void keep_better(fm_pace *pace) {
    const int64_t shortest = pace->trial * FIRST_STRETCH, longest = pace->trial * LONGEST_STRETCH;
    const int by_team = pace->each[1] < pace->each[0], again = pace->stretch && by_team == pace->kept;
    pace->stretch = again ? fm_min64(2 * pace->stretch, longest) : shortest;
    pace->left = pace->stretch;
    pace->by_team = pace->kept = by_team;
    pace->trials = 0;
}

void fm_pace_note(fm_pace *pace, int most, int64_t steps, double seconds) {
    if (!has_choice(most)) return;
    const int counts = !wakes_up(pace);
    pace->left -= steps;
    if (!counts) return;
    pace->steps += steps;
    pace->seconds += seconds;
    if (pace->steps < pace->trial && pace->left > 0) return; /* calls of few steps are judged by their sum */
    pace->each[pace->by_team] = pace->seconds / (double)pace->steps;
    pace->steps = 0;
    pace->seconds = 0;
    if (pace->trials == 1)
        keep_better(pace);
    else if (pace->left <= 0) /* the other one, too */
        try(pace, !pace->by_team, 1);
    else if (pace->by_team && pace->each[1] > pace->each[0]) /* or was it but a hiccup? */
        try(pace, 1, 2);
}
