/* pace.c: one thread or the whole team, found out by trying.
 *
 * An estimate cannot know that a neighbour keeps a core busy, and then a team that waits for its slowest thread may be
 * ten times slower than one thread alone. So a few steps are timed either way and the better one is kept for a while,
 * longer each time it wins again. Results do not depend on the choice. */
#include "network.h"

enum { TRIAL_STEPS = 4, FIRST_STRETCH = 64, LONGEST_STRETCH = 1 << 14 };

int64_t fm_pace_next(fm_pace *pace, int most, int *threads) {
    if (most == 1 || fm_threads_forced()) {
        *threads = most;
        return INT64_MAX;
    }
    const int team = pace->phase == FM_PACE_TEAM || (pace->phase == FM_PACE_STRETCH && pace->team_wins);
    *threads = team ? most : 1;
    return pace->phase == FM_PACE_STRETCH ? pace->left : TRIAL_STEPS;
}

void fm_pace_note(fm_pace *pace, int64_t steps, double seconds) {
    const double each = seconds / (double)(steps > 0 ? steps : 1);
    switch (pace->phase) {
    case FM_PACE_TEAM:
        pace->team = each;
        pace->phase = FM_PACE_ALONE;
        break;
    case FM_PACE_ALONE: {
        const int team_wins = pace->team < each;
        const int again = pace->stretch && team_wins == pace->team_wins;
        pace->stretch = again ? fm_min64(2 * pace->stretch, LONGEST_STRETCH) : FIRST_STRETCH;
        pace->left = pace->stretch;
        pace->team_wins = team_wins;
        pace->phase = FM_PACE_STRETCH;
        break;
    }
    case FM_PACE_STRETCH:
        pace->left -= steps;
        if (pace->left <= 0) pace->phase = FM_PACE_TEAM;
        break;
    }
}
