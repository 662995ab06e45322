/* pace.c: one thread or the whole team, found out by trying.
 *
 * An estimate cannot know that a neighbour keeps a core busy, and then a team that waits for its slowest thread may be
 * ten times slower than one thread alone. So either is tried for a millisecond, long enough for threads to wake up in, and
 * the better one is kept for a while, longer each time it wins again; a team that falls behind what one thread did is
 * tried anew at once. Results do not depend on the choice. */
#include "network.h"

enum { FIRST_STRETCH = 16, LONGEST_STRETCH = 1024 }; /* trials */
static const double TRIAL_NS = 1e6;

void fm_pace_start(fm_pace *pace, double step_ns) { pace->trial = 1 + (int64_t)(TRIAL_NS / step_ns); }

int64_t fm_pace_next(const fm_pace *pace, int most, int *threads) {
    if (most == 1 || fm_threads_forced()) {
        *threads = most;
        return INT64_MAX;
    }
    const int team = pace->phase == FM_PACE_TEAM || (pace->phase == FM_PACE_STRETCH && pace->team_wins);
    *threads = team ? most : 1;
    return pace->phase == FM_PACE_STRETCH ? fm_min64(pace->left, FIRST_STRETCH * pace->trial) : pace->trial;
}

static void judge(fm_pace *pace) {
    const int team_wins = pace->team < pace->alone, again = pace->stretch && team_wins == pace->team_wins;
    const int64_t shortest = pace->trial * FIRST_STRETCH, longest = pace->trial * LONGEST_STRETCH;
    pace->stretch = again ? fm_min64(2 * pace->stretch, longest) : shortest;
    pace->left = pace->stretch;
    pace->team_wins = team_wins;
    pace->phase = FM_PACE_STRETCH;
}

void fm_pace_note(fm_pace *pace, int64_t steps, double seconds) {
    const double each = seconds / (double)(steps > 0 ? steps : 1);
    switch (pace->phase) {
    case FM_PACE_TEAM:
        pace->team = each;
        pace->phase = FM_PACE_ALONE;
        break;
    case FM_PACE_ALONE:
        pace->alone = each;
        judge(pace);
        break;
    case FM_PACE_STRETCH:
        pace->left -= steps;
        if (pace->left <= 0 || (pace->team_wins && each > pace->alone)) pace->phase = FM_PACE_TEAM;
        break;
    }
}
