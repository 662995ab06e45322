/* pace.c: one thread or the whole team, found out by trying.
 *
 * An estimate cannot know that a neighbour keeps a core busy, and then a team that waits for its slowest thread may be
 * fifty times slower than one thread alone. So either is tried for a millisecond, after another one for threads to wake
 * up in, and the better one is kept for a while, longer each time it wins again; a team that falls behind what one thread
 * did has to show at once that it still is. A team is looked at after few steps, so that a bad one is seen through within
 * milliseconds; and one thread is never kept for long without a look at the team: neighbours go, and a library's threads
 * that still spin after their last product do so within a tenth of a second. Results do not depend on the choice. */
#include "network.h"

enum { PIECES = 8, LOOK = 4, FIRST_STRETCH = 16, LONGEST_ALONE = 128, LONGEST_TOGETHER = 1024 }; /* trials */
static const double TRIAL_NS = 1e6, PATIENCE = 2e-3;

static void next_half(fm_pace *pace) {
    pace->steps = 0;
    pace->seconds = 0;
}

/* So many of the two, this one first. */
static void try(fm_pace *pace, int by_team, int trials) {
    pace->by_team = by_team;
    pace->trials = trials;
    pace->left = 2 * pace->trial;
    next_half(pace);
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
    const int64_t half = wakes_up(pace) ? pace->left - pace->trial : pace->left;
    if (!pace->by_team) return pace->trials ? half : fm_min64(half, pace->trial);
    return fm_min64(half, pace->trials ? 1 + pace->trial / PIECES : pace->trial);
}

static void keep_better(fm_pace *pace) {
    const int by_team = pace->each[1] < pace->each[0], again = pace->stretch && by_team == pace->kept;
    const int64_t longest = pace->trial * (by_team ? LONGEST_TOGETHER : LONGEST_ALONE);
    pace->stretch = again ? fm_min64(2 * pace->stretch, longest) : pace->trial * FIRST_STRETCH;
    pace->left = pace->stretch;
    pace->by_team = pace->kept = by_team;
    pace->trials = 0;
}

void fm_pace_note(fm_pace *pace, int most, int64_t steps, double seconds) {
    if (!has_choice(most)) return;
    const int woke_up = wakes_up(pace);
    pace->left -= steps;
    pace->steps += steps;
    pace->seconds += seconds;
    if (woke_up) {
        if (pace->seconds > PATIENCE) pace->left = fm_min64(pace->left, pace->trial);
        if (!wakes_up(pace)) next_half(pace);
        return;
    }
    const int looks = pace->trials ? 1 : LOOK; /* calls of few steps are judged by their sum */
    if (pace->steps < looks * pace->trial && pace->left > 0 && pace->seconds < looks * PATIENCE) return;
    pace->each[pace->by_team] = pace->seconds / (double)pace->steps;
    next_half(pace);
    if (pace->trials == 1)
        keep_better(pace);
    else if (pace->trials || pace->left <= 0) /* the other one, too */
        try(pace, !pace->by_team, 1);
    else if (pace->by_team && pace->each[1] > pace->each[0]) /* or was it but a hiccup? */
        try(pace, 1, 2);
}
