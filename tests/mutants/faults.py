"""The faults, by the rule that each breaks. `make mutants` plants them; CONTRIBUTING says when to add one.

The old text is as short as it can be and still occur once. A fault whose text is gone after an edit is written anew for
the code as it is now, or removed with a word why the rule it broke cannot be broken any more.
"""

from __future__ import annotations

from tests.mutants.fault import Fault

# Which clusters a candidate list is complete for.
REACH = (
    Fault(
        "reach",
        "a union reaches as far as the farther of its parts",
        "    return low + share * (high - low)  # just",
        "    return high  # just",
        ("test_lists_stay_complete_within_reach", "test_every_proven_merge_is_the_nearest_there_is"),
    ),
    Fault(
        "reach",
        "a list that is cut keeps its reach",
        "    c.reach[a] = min(c.reach[a], cut)\n",
        "    c.reach[a] = max(c.reach[a], cut)\n",
        ("test_lists_stay_complete_within_reach", "test_lists_that_are_cut_prove_no_more_than_they_hold"),
    ),
    Fault(
        "reach",
        "who is on one list only has no bound to the other part",
        "others[length] = c.reach[partner] if side == 0 else d",
        "others[length] = 2.0 * c.reach[partner] if side == 0 else d",
        ("test_lists_stay_complete_within_reach",),
    ),
    Fault(
        "reach",
        "who is on the partner's list only has no bound to the first",
        "= d if side == 0 else c.reach[a]",
        "= d if side == 0 else 2.0 * c.reach[a]",
        ("test_lists_stay_complete_within_reach",),
    ),
    Fault(
        "reach",
        "a bound of a union is that of its farther part",
        "if whole else min(one, other))",
        "if whole else max(one, other))",
        ("test_lists_stay_complete_within_reach", "test_every_proven_merge_is_the_nearest_there_is"),
    ),
    Fault(
        "reach",
        "a bound is an upper one, by a share of the rounding",
        "SLACK = 1.0 - 1e-5  #",
        "SLACK = 1.0 + 1e-2  #",
        ("test_lists_stay_complete_within_reach", "test_equals_scipy"),
    ),
    Fault(
        "reach",
        "the rounding of products is no part of the reach",
        "reach = (linkage - rounding(asking, rows, linkage)) / frame.scale**2",
        "reach = linkage / frame.scale**2",
        ("test_the_reach_allows_for_the_rounding_of_products",),
    ),
    Fault(
        "reach",
        "every list reaches everywhere",
        "        reach[:] = np.inf\n    ids = np.where(",
        "        pass\n    reach[:] = np.inf\n    ids = np.where(",
        ("test_the_reach_is_a_proof", "test_equals_scipy"),
    ),
    Fault(
        "reach",
        "a cluster beyond the reach stays on the list",
        "            if b >= 0 and lists.linkages[base + t] <= limit:",
        "            if b >= 0:",
        (
            "test_lists_stay_complete_within_reach",
            "test_no_wrong_merge_is_called_proven_where_neighbours_are_forgotten",
        ),
    ),
    Fault(
        "reach",
        "pairs merge though only one end points at the other",
        "        if b < 0 or c.nearest[b] != a:",
        "        if b < 0:",
        ("test_every_proven_merge_is_the_nearest_there_is", "test_same_merges_whoever_takes_the_steps"),
    ),
    Fault(
        "reach",
        "merges are believed complete beyond the reach of lists that ran dry",
        "float(min(bounds.min(initial=np.inf), lowest.min(initial=np.inf)))",
        "float(lowest.min(initial=np.inf))",
        ("test_stopped_tree_is_the_start_of_the_full_one", "test_reaches_its_level_whatever_it_overlooked"),
    ),
    Fault(
        "reach",
        "the spread of a union leaves out a share of the way between its parts",
        "+ share_a * share_b * between",
        "+ share_b * share_b * between",
        ("test_lists_stay_complete_within_reach", "test_every_proven_merge_is_the_nearest_there_is"),
    ),
)

# Which merges count as those of exact average linkage.
PROVEN = (
    Fault(
        "proven",
        "a union is proven whatever its partner was",
        "c.proven[a] = c.proven[a] and c.proven[partner]",
        "c.proven[a] = c.proven[a] or c.proven[partner]",
        ("test_no_wrong_merge_is_called_proven_where_neighbours_are_forgotten",),
    ),
    Fault(
        "proven",
        "a merge is proven by one of its two ends",
        "= c.proven[a] and c.proven[b] and _resolved(",
        "= (c.proven[a] or c.proven[b]) and _resolved(",
        ("test_no_wrong_merge_is_called_proven_where_neighbours_are_forgotten",),
    ),
    Fault(
        "proven",
        "a merge that rounding hides is proven",
        "= c.proven[a] and c.proven[b] and _resolved(c, a, b, c.nearest_linkage[a])",
        "= c.proven[a] and c.proven[b]",
        (
            "test_every_proven_merge_is_the_nearest_there_is",
            "test_an_exact_tree_that_proves_little_is_refused_or_warned_of",
        ),
    ),
    Fault(
        "proven",
        "lists of an approximate search are proofs",
        "proven=np.zeros(len(queries), bool)",
        "proven=np.ones(len(queries), bool)",
        ("test_close_to_exact_where_clusters_exist", "test_always_a_whole_tree"),
    ),
    Fault(
        "proven",
        "a fresh list is proven whatever the search says",
        "c.proven[a] = proven[x]",
        "c.proven[a] = True",
        ("test_no_wrong_merge_is_called_proven_where_neighbours_are_forgotten",),
    ),
    Fault(
        "proven",
        "the precise search rules members out without their rounding",
        "if 2.0 * (half - products[x, y] - error) > limit or members[y] == queries[x]:",
        "if 2.0 * (half - products[x, y] + error) > limit or members[y] == queries[x]:",
        (
            "test_every_proven_merge_is_the_nearest_there_is",
            "test_the_reach_is_a_proof",
            "test_no_row_drowns_the_others",
        ),
    ),
    Fault(
        "proven",
        "the precise search reaches everywhere",
        "    reach = linkages[:, -1].astype(clusters.means.dtype).astype(np.float64)",
        "    reach = np.full(len(queries), np.inf)",
        ("test_the_reach_is_a_proof", "test_every_proven_merge_is_the_nearest_there_is"),
    ),
    Fault(
        "proven",
        "rounding of the means moves no linkage",
        "    moved = 4.0 * unit * (norm_a + norm_b)",
        "    moved = 0.0 * unit * (norm_a + norm_b)",
        (
            "test_every_proven_merge_is_the_nearest_there_is",
            "test_an_exact_tree_that_proves_little_is_refused_or_warned_of",
        ),
    ),
    Fault(
        "proven",
        "the dense end proves all its merges",
        "    if not wide or (len(c.remainders) == 0 and c.spreads[members].any()):",
        "    if not wide and len(c.remainders) < 0:",
        (
            "test_single_precision_means_for_large_pools",
            "test_an_exact_tree_that_proves_little_is_refused_or_warned_of",
        ),
    ),
    Fault(
        "proven",
        "an exact tree that proves little is taken without a word",
        "    if tree.certified < CERTIFIED:",
        "    if tree.certified < 0:",
        ("test_an_exact_tree_that_proves_little_is_refused_or_warned_of",),
    ),
)

# Which merges make the flat clusters of a level.
CUT = (
    Fault(
        "cut",
        "a mean size rounds the number of clusters up",
        "return max(1, int(n / self.mean_size))",
        "return max(1, -int(-n // self.mean_size))",
        ("test_mean_size_rounds_down_the_number_of_clusters",),
    ),
    Fault(
        "cut",
        "a merge at the threshold is left out",
        'counted_up_to(threshold, self.metric, self.rounding), side="right")',
        'counted_up_to(threshold, self.metric, self.rounding), side="left")',
        ("test_a_threshold_merges_up_to_and_including_it",),
    ),
    Fault(
        "cut",
        "a tree is cut at the height where it stops",
        "        if threshold >= self.known_below:",
        "        if threshold > self.known_below:",
        ("test_a_stopped_tree_says_where_it_stops",),
    ),
    Fault(
        "cut",
        "a tree is cut at fewer clusters than it has",
        "            if self.n - wanted > len(self.merges):",
        "            if self.n - wanted > len(self.merges) + 1:",
        ("test_a_stopped_tree_says_where_it_stops",),
    ),
    Fault(
        "cut",
        "heights that differ from the threshold by rounding are above it",
        "    return threshold + rounding * threshold + absolute",
        "    return threshold",
        (
            "test_the_threshold_of_the_issue",
            "test_the_list_engine_cuts_at_scipys_heights",
            "test_cosine_cuts_at_scipys_heights",
        ),
    ),
    Fault(
        "cut",
        "clusters grow up to the last merge that was made",
        "float(self.heights[merges]) if merges < len(self.heights)",
        "float(self.heights[merges - 1]) if 0 < merges < len(self.heights)",
        ("test_the_limit_is_where_the_cut_stands",),
    ),
    Fault(
        "cut",
        "a merge is raised to one of the two below it",
        "        below = max(top[kept], top[pairs[x, 1]])",
        "        below = top[kept]",
        ("test_always_a_whole_tree", "test_it_tells_its_own_mistakes"),
    ),
    Fault(
        "cut",
        "a run stops before raised merges are counted",
        "        return bool(np.count_nonzero(raised < level) >= wanted)",
        "        return True",
        ("test_a_merge_raised_past_the_level_does_not_count",),
    ),
    Fault(
        "cut",
        "a run stops at the threshold instead of above it",
        "        if level > self.linkage:",
        "        if level >= self.linkage:",
        ("test_a_merge_raised_past_the_level_does_not_count",),
    ),
    Fault(
        "cut",
        "clusters are numbered in the order of the tree",
        "        r = root[row]\n        if names[r] < 0:",
        "        r = root[n - 1 - row]\n        if names[r] < 0:",
        ("test_labels_are_dense_and_in_order_of_first_row",),
    ),
    Fault(
        "cut",
        "a threshold of a stopped tree reaches one merge too far",
        "            return self.n - wanted\n",
        "            return min(len(self.merges), self.n - wanted + 1)\n",
        ("test_mean_size_rounds_down_the_number_of_clusters",),
    ),
)

# How a batch is spread over the clusters.
ROUND_ROBIN = (
    Fault(
        "round-robin",
        "the largest group comes first",
        "names), ranked_by))\n",
        "names), -ranked_by))\n",
        ("test_small_groups_first_and_round_after_round",),
    ),
    Fault(
        "round-robin",
        "the last member of a group is never taken",
        "            if left > 1:",
        "            if left > 2:",
        ("test_agrees_with_the_reference_draw_by_draw", "test_exactly_size_distinct_unlabelled_rows_of_the_pool"),
    ),
    Fault(
        "round-robin",
        "a row is chosen twice",
        "            members[pick] = members[first]\n",
        "            members[pick] = members[pick]\n",
        ("test_exactly_size_distinct_unlabelled_rows_of_the_pool",),
    ),
    Fault(
        "round-robin",
        "the first member of a group is always taken first",
        "            pick = first + np.int64(",
        "            pick = first + 0 * np.int64(",
        ("test_each_member_of_a_group_is_equally_likely",),
    ),
    Fault(
        "round-robin",
        "a part of a candidate is none",
        "    wanted = math.ceil(candidate_ratio * request.size)",
        "    wanted = math.floor(candidate_ratio * request.size)",
        ("test_candidates_only_are_chosen", "test_agrees_with_the_reference_draw_by_draw"),
    ),
    Fault(
        "round-robin",
        "groups are ordered by their candidates whatever was asked for",
        '    if group_size == "pool" and not every_row:',
        '    if group_size == "pool" and every_row:',
        ("test_size_in_the_pool_orders_groups_that_run_dry_early",),
    ),
    Fault(
        "round-robin",
        "a crowding at the boundary is none",
        "        return self.times_chance >= CROWDED",
        "        return self.times_chance > CROWDED",
        ("test_a_crowding_at_the_boundary_counts",),
    ),
    Fault(
        "round-robin",
        "labelled rows count among those that might be drawn",
        "    in_pool -= np.bincount(clusters.labels[request.labelled]",
        "    in_pool -= 0 * np.bincount(clusters.labels[request.labelled]",
        ("test_the_shares_are_those_counted_and_drawn_by_hand",),
    ),
    Fault(
        "round-robin",
        "the ratio grows without end",
        "        return min(MOST, LEAST * self.times_chance)",
        "        return max(MOST, LEAST * self.times_chance)",
        ("test_the_ratio_grows_with_the_crowding",),
    ),
    Fault(
        "round-robin",
        "nothing crowded is spread all the same",
        "    if found is not None and not found.is_crowded:\n        return least_sure_first(known, request)\n",
        "",
        ("test_where_nothing_is_crowded_auto_is_margin",),
    ),
)

# Which of equals are taken.
TIES = (
    Fault(
        "ties",
        "of equal margins the first rows are taken",
        "        tied = draws.sample(draws.key(request.seed, TIES), tied, missing)",
        "        tied = tied[:missing]",
        ("test_other_seeds_break_ties_otherwise", "test_equal_rows_are_equally_likely_wherever_they_stand"),
    ),
    Fault(
        "ties",
        "equal margins stand in row order",
        "    return rows[np.lexsort((draws.priorities(draws.key(request.seed, TIES), rows), margins[rows]))]",
        "    return rows[np.lexsort((rows, margins[rows]))]",
        ("test_other_seeds_break_ties_otherwise", "test_agrees_with_the_reference_draw_by_draw"),
    ),
    Fault(
        "ties",
        "groups of one size are visited in the order of their clusters",
        '    order = np.lexsort((draws.priorities(draws.key(seed, "group order"), names), ranked_by))',
        "    order = np.lexsort((names, ranked_by))",
        ("test_agrees_with_the_reference_draw_by_draw", "test_other_seeds_break_ties_otherwise"),
    ),
    Fault(
        "ties",
        "a labelled row is chosen again",
        "        margins[labelled] = np.inf ",
        "        margins[labelled[1:]] = np.inf ",
        ("test_exactly_size_distinct_unlabelled_rows_of_the_pool",),
    ),
    Fault(
        "ties",
        "equal linkages are ordered by the end that asks",
        "    low = np.uint64(min(a, b))\n    high = np.uint64(max(a, b))",
        "    low = np.uint64(a)\n    high = np.uint64(b)",
        ("test_tie_order_is_symmetric_and_spread",),
    ),
    Fault(
        "ties",
        "a tie at the reach is not known",
        "        if d <= c.reach[a] and (d < best_linkage",
        "        if d < c.reach[a] and (d < best_linkage",
        (
            "test_lists_stay_complete_within_reach",
            "test_a_merge_disturbs_few",
            "test_same_merges_whoever_takes_the_steps",
        ),
    ),
    Fault(
        "ties",
        "who is told of a tie at its reach does not point back",
        "        if d > c.reach[b]:\n            continue",
        "        if d >= c.reach[b]:\n            continue",
        ("test_a_merge_disturbs_few", "test_lists_stay_complete_within_reach"),
    ),
    Fault(
        "ties",
        "among ties small pools choose otherwise than SciPy",
        "                if matrix[x, z] < best:",
        "                if matrix[x, z] <= best:",
        ("test_among_ties_small_pools_choose_as_scipy_does",),
    ),
    Fault(
        "ties",
        "beliefs that differ by rounding are no tie",
        "keepdims=True) - _TIE).argmax(axis=1)",
        "keepdims=True)).argmax(axis=1)",
        ("test_dawid_skene_is_the_model_in_plain_loops",),
    ),
    Fault(
        "ties",
        "equal rows count once each",
        "    sizes = np.bincount(first, minlength=n)[rows].astype(np.int32)",
        "    sizes = np.ones(len(rows), np.int32)",
        ("test_groups_are_those_of_numpy_unique",),
    ),
    Fault(
        "ties",
        "zero and minus zero are different rows",
        "+ matrix.dtype.type(0)).view(bits)",
        ").view(bits)",
        ("test_groups_are_those_of_numpy_unique", "test_minus_zero_is_zero"),
    ),
)

# What a comparison of strategies may claim.
HOLM = (
    Fault(
        "holm",
        "every p is corrected as if all were asked",
        "min(1.0, (len(asked) - rank) * chance)",
        "min(1.0, len(asked) * chance)",
        ("test_holm_by_hand",),
    ),
    Fault(
        "holm",
        "a corrected p may be less than one before it",
        "        highest = max(highest, min(1.0,",
        "        highest = max(0.0, min(1.0,",
        ("test_holm_by_hand",),
    ),
    Fault(
        "holm",
        "a corrected p may exceed one",
        "        highest = max(highest, min(1.0, (",
        "        highest = max(highest, min(9.0, (",
        ("test_holm_by_hand",),
    ),
    Fault(
        "holm",
        "a family is not corrected",
        "    by_holm = holm([each.p for each in family])",
        "    by_holm = [each.p for each in family]",
        ("test_a_family_is_harder_to_please_than_one",),
    ),
    Fault(
        "holm",
        "a p at the level is a win",
        "    if corrected >= LEVEL:",
        "    if corrected > LEVEL:",
        ("test_a_chance_at_the_level_is_a_tie",),
    ),
    Fault(
        "holm",
        "trials without spread claim twice what their signs do",
        "2.0 ** (1 - trials))",
        "2.0 ** (-trials))",
        ("test_differences_without_spread_claim_no_more_than_their_signs",),
    ),
    Fault(
        "holm",
        "two trials are tested",
        "    if trials < FEWEST_TRIALS:\n        return None\n    mean, spread",
        "    if trials < 2:\n        return None\n    mean, spread",
        ("test_few_trials_are_not_tested",),
    ),
    Fault(
        "holm",
        "ranks are tested on one side",
        "min(1.0, 2 * chances[: least + 1].sum())",
        "min(1.0, chances[: least + 1].sum())",
        ("test_signed_ranks_without_ties_are_scipys",),
    ),
    Fault(
        "holm",
        "Welch's test takes one freedom too many",
        "parts[0] ** 2 / (len(first) - 1)",
        "parts[0] ** 2 / len(first)",
        ("test_the_unpaired_test_is_scipys",),
    ),
    Fault(
        "holm",
        "a loss told of the other side stays a loss",
        '"difference": -self.difference,',
        '"difference": self.difference,',
        ("test_the_same_seen_from_the_other_side",),
    ),
)

# How many labels a strategy saves.
SAVINGS = (
    Fault(
        "savings",
        "the target of resamples is the highest value, not the final one",
        "    targets = means_against[:, -1]",
        "    targets = means_against.max(axis=1)",
        ("test_savings_go_by_the_final_value_of_the_other_even_where_it_was_higher_before",),
    ),
    Fault(
        "savings",
        "the target is the highest value, not the final one",
        "    target = float(mean_against[-1])\n",
        "    target = float(mean_against.max())\n",
        ("test_savings_go_by_the_final_value_of_the_other_even_where_it_was_higher_before",),
    ),
    Fault(
        "savings",
        "the interval's target is the highest value, not the final one",
        "    final = accuracy_against[:, -1:]",
        "    final = accuracy_against.max(axis=1, keepdims=True)",
        (
            "test_savings_go_by_the_final_value_of_the_other_even_where_it_was_higher_before",
            "test_the_interval_is_where_a_paired_test_cannot_tell",
        ),
    ),
    Fault(
        "savings",
        "a curve at its target has not reached it",
        "    reached = curves >= targets[:, None]",
        "    reached = curves > targets[:, None]",
        ("test_labels_to_reach_is_linear_between_points",),
    ),
    Fault(
        "savings",
        "a curve reaches its target at the next point",
        "    share = np.divide(targets - low, high - low,",
        "    share = np.divide(high - low, high - low,",
        ("test_labels_to_reach_is_linear_between_points",),
    ),
    Fault(
        "savings",
        "the other's own curve is certain",
        "1 - first / max(first_against, last_against)",
        "1 - first / first_against",
        (
            "test_the_interval_is_where_a_paired_test_cannot_tell",
            "test_the_interval_covers_the_truth_as_often_as_it_says",
        ),
    ),
    Fault(
        "savings",
        "two trials that never get there are clear",
        "            return self.trials >= FEWEST_TRIALS",
        "            return self.trials >= 2",
        ("test_never_reaching_is_said_and_not_averaged",),
    ),
    Fault(
        "savings",
        "an interval that touches zero is clear",
        "self.low is not None and self.low > 0) or self.high < 0",
        "self.low is not None and self.low >= 0) or self.high < 0",
        ("test_pairs_are_kept_together",),
    ),
    Fault(
        "savings",
        "the interval has one freedom too many",
        "    reach = float(stdtrit(len(values) - 1,",
        "    reach = float(stdtrit(len(values),",
        ("test_the_interval_is_where_a_paired_test_cannot_tell",),
    ),
    Fault(
        "savings",
        "the standard error is that of a population",
        "accuracy.std(axis=0, ddof=1) / math.sqrt(len(accuracy))",
        "accuracy.std(axis=0, ddof=0) / math.sqrt(len(accuracy))",
        ("test_mean_and_standard_error",),
    ),
    Fault(
        "savings",
        "the area starts at no labels",
        "axis=1) / (at[-1] - at[0]))",
        "axis=1) / at[-1])",
        ("test_by_hand",),
    ),
)

# What several labels of one example come to.
AGREEMENT = (
    Fault(
        "agreement",
        "a tie goes to the label that came first",
        '    return ("", 0.0) if others and others[0][1] == most else',
        '    return ("", 0.0) if others and others[0][1] > most else',
        ("test_the_rules",),
    ),
    Fault(
        "agreement",
        "an example is settled with one label too few",
        "        if counts[place] < annotators_per_task:",
        "        if counts[place] < annotators_per_task - 1:",
        ("test_rows_are_judged_each_by_itself", "test_every_store_answers_as_the_plain_model"),
    ),
    Fault(
        "agreement",
        "labels that were superseded or deleted count",
        "    current = labels.take(labels.status == CURRENT)\n    current = current.take(np.lexsort(",
        "    current = labels\n    current = current.take(np.lexsort(",
        ("test_deleted_labels_do_not_count",),
    ),
    Fault(
        "agreement",
        "labels are judged in the order in which they were recorded",
        "np.lexsort((current.number, current.told_at, current.row))",
        "np.lexsort((current.number, current.row))",
        (
            "test_the_latest_label_is_the_one_given_last_not_the_one_recorded_last",
            "test_rows_are_judged_each_by_itself",
        ),
    ),
    Fault(
        "agreement",
        "half of the annotators are a majority",
        "    if any(math.isclose(count, half) for count in named.values()):",
        "    if any(count < 0 for count in named.values()):",
        ("test_several_classes_are_judged_each_by_itself",),
    ),
    Fault(
        "agreement",
        "an example whose labels were deleted stays labelled",
        "repeated(OPEN, len(lost))])[order]",
        "repeated(LABELLED, len(lost))])[order]",
        ("test_deleted_labels_do_not_count",),
    ),
    Fault(
        "agreement",
        "a label agrees with itself",
        "    pairs = (votes[row_of] - 1).astype(np.float64)",
        "    pairs = votes[row_of].astype(np.float64)",
        ("test_agreement_counts_pairs",),
    ),
    Fault(
        "agreement",
        "any agreement is unanimous",
        'if len(set(labels)) == 1 else ("", 0.0)',
        'if len(set(labels)) <= 2 else ("", 0.0)',
        ("test_the_rules",),
    ),
    Fault(
        "agreement",
        "Dawid and Skene judge labels that were superseded",
        "    estimate = dawid_skene(labels.take(labels.status == CURRENT))",
        "    estimate = dawid_skene(labels)",
        ("test_dawid_skene_resolves_what_a_vote_would_not",),
    ),
    Fault(
        "agreement",
        "a gold label counts as right whatever it says",
        "        right[name] = right.get(name, 0) + (label == known[row])",
        "        right[name] = right.get(name, 0) + 1",
        ("test_gold_is_mixed_in_and_scores_people",),
    ),
)

# Who has a task, and until when.
LEASES = (
    Fault(
        "leases",
        "another's lease is ignored by take",
        "(np.isin(task.state, WAITING) & (votes + coming < wanted)))",
        "(np.isin(task.state, WAITING) & (votes < wanted)))",
        ("test_takers_at_once_share_the_list", "test_every_store_answers_as_the_plain_model"),
    ),
    Fault(
        "leases",
        "a lease that lapsed still keeps its task from others",
        "waiting.lease.take((waiting.lease.lease_until > at) & (",
        "waiting.lease.take((waiting.lease.lease_until > 0) & (",
        ("test_every_store_answers_as_the_plain_model",),
    ),
    Fault(
        "leases",
        "a task labelled by an annotator is given to that one again",
        " = ~mine & (tests |",
        " = (tests |",
        ("test_every_store_answers_as_the_plain_model", "test_gold_is_mixed_in_and_scores_people"),
    ),
    Fault(
        "leases",
        "a disputed task asks nobody else",
        "np.where(task.state == DISPUTED, votes + 1,",
        "np.where(task.state == DISPUTED, votes,",
        ("test_conflicts_are_disputed_and_settled_by_one_more",),
    ),
    Fault(
        "leases",
        "an excluded gold example is given",
        "np.isin(task.row, waiting.gold) & (task.state != EXCLUDED)",
        "np.isin(task.row, waiting.gold)",
        ("test_what_is_excluded_while_it_is_held_is_not_given_again", "test_every_store_answers_as_the_plain_model"),
    ),
    Fault(
        "leases",
        "taken again, a lease may get shorter",
        "    longer = np.maximum(mine.lease_until, lease_until)",
        "    longer = np.minimum(mine.lease_until, lease_until)",
        ("test_every_store_answers_as_the_plain_model",),
    ),
    Fault(
        "leases",
        "asked again, a batch's lease may get shorter",
        "    longer = np.maximum(batch.lease_until, lease_until)",
        "    longer = np.minimum(batch.lease_until, lease_until)",
        ("test_an_ask_again_renews_the_lease",),
    ),
    Fault(
        "leases",
        "batches of others are given back",
        "    live = batches.take((batches.holder == holder) & (batches.lease_until > at))",
        "    live = batches.take(batches.lease_until > at)",
        ("test_every_store_answers_as_the_plain_model",),
    ),
    Fault(
        "leases",
        "an ask does not see the leases of annotators",
        "        np.maximum.at(until, places, leases.lease_until)",
        "        pass",
        (
            "test_every_store_answers_as_the_plain_model",
            "test_what_was_asked_is_not_asked_again_until_its_lease_lapses",
        ),
    ),
    Fault(
        "leases",
        "an ask chooses what is held",
        "        held = (self.task.state != OPEN) | (self.lease_until > at)",
        "        held = self.task.state != OPEN",
        ("test_what_was_asked_is_not_asked_again_until_its_lease_lapses",),
    ),
    Fault(
        "leases",
        "an ask chooses gold",
        "self.task.row[held], self.excluded, self.gold]))",
        "self.task.row[held], self.excluded]))",
        ("test_gold_is_mixed_in_and_scores_people", "test_every_store_answers_as_the_plain_model"),
    ),
    Fault(
        "leases",
        "given back, a lease that lapsed counts",
        "    live = leases.take(leases.lease_until > at)",
        "    live = leases",
        ("test_every_store_answers_as_the_plain_model", "test_take_and_release"),
    ),
)

# That an act said twice is one act.
IDEMPOTENCY = (
    Fault(
        "idempotency",
        "a key stands for acts of any kind",
        "    events = events.take(events.kind == act.kind)\n",
        "",
        ("test_a_key_stands_for_one_act_of_each_kind",),
    ),
    Fault(
        "idempotency",
        "another act under a used key is answered with the first",
        "    if events.request[0] != act.request:",
        '    if events.request[0] == "":',
        ("test_a_key_stands_for_one_act_of_each_kind",),
    ),
    Fault(
        "idempotency",
        "a key is answered, and the act done all the same",
        "    if not act.key:\n        return None",
        "    if act.key:\n        return None",
        ("test_a_key_stands_for_one_act_of_each_kind", "test_tellers_at_once_tell_everything_exactly_once"),
    ),
    Fault(
        "idempotency",
        "arrays of one content and several shapes are one request",
        "{part.dtype.str} {part.shape}\\n",
        "{part.dtype.str}\\n",
        ("test_requests_that_differ_have_other_digests",),
    ),
    Fault(
        "idempotency",
        "arrays of one content and several types are one request",
        'f"array {part.dtype.str} {',
        'f"array {',
        ("test_requests_that_differ_have_other_digests",),
    ),
    Fault(
        "idempotency",
        "the same label again is a new version",
        "        if each.label == label:\n            continue",
        "        if each.label == label and not label:\n            continue",
        ("test_relabelling_and_deleting_keep_every_version", "test_every_store_answers_as_the_plain_model"),
    ),
    Fault(
        "idempotency",
        "an ask under its key takes other scores for the same",
        "batch.scores_digest[0] and order.scores_digest != batch.scores_digest[0]",
        'batch.scores_digest[0] and order.scores_digest == ""',
        ("test_an_ask_again_renews_the_lease", "test_a_key_stands_for_one_act_of_each_kind"),
    ),
    Fault(
        "idempotency",
        "a batch is made of what others took meanwhile",
        "        if place.batches != ground.place.batches or not asking.still_free(",
        "        if place.batches < 0 and not asking.still_free(",
        ("test_askers_at_once_never_get_the_same_example",),
    ),
    Fault(
        "idempotency",
        "every batch is chosen by one seed",
        'child_seed(settings.seed, "batch", number)',
        'child_seed(settings.seed, "batch", 1)',
        ("test_the_same_campaign_asks_the_same",),
    ),
)

# That what was written is what is read.
SEALS = (
    Fault(
        "seals",
        "a sealed file is believed whatever its bytes",
        "    if body <= 0 or tail != expected:",
        "    if body <= 0:",
        ("test_every_changed_byte_is_found", "test_a_damaged_checkpoint_is_refused"),
    ),
    Fault(
        "seals",
        "a record of a ledger is believed whatever its seal",
        "    whole = seal is None or seal == _digest(values)",
        "    whole = seal is None or bool(seal)",
        ("test_no_flipped_bit_changes_what_is_read", "test_a_damaged_one_says_so"),
    ),
    Fault(
        "seals",
        "a record that is gone from a ledger is not missed",
        "    if seals:\n        raise corrupt(",
        "    if len(seals) > 10**9:\n        raise corrupt(",
        ("test_a_damaged_one_says_so",),
    ),
    Fault(
        "seals",
        "fields that trade places are not noticed",
        "_mixed(values + np.uint64(place)))",
        "_mixed(values))",
        ("test_fields_that_trade_places_show", "test_seals_stay_what_they_are"),
    ),
    Fault(
        "seals",
        "a row moved to another campaign is not noticed",
        "        sealed = np.full(len(self), salt, np.int64)",
        "        sealed = np.full(len(self), 0, np.int64)",
        ("test_a_seal_belongs_to_its_place",),
    ),
    Fault(
        "seals",
        "a text is sealed by its length",
        "    return zlib.crc32(encoded) |",
        "    return 0 * zlib.crc32(encoded) |",
        ("test_a_seal_notices_every_flipped_bit",),
    ),
    Fault(
        "seals",
        "an event does not seal those before it",
        "sha256(json.dumps([earlier, *row],",
        "sha256(json.dumps([*row],",
        ("test_whatever_is_broken_is_found", "test_the_log_says_what_happened", "test_seals_stay_what_they_are"),
    ),
    Fault(
        "seals",
        "a row of a database is believed whatever its seal",
        " and np.array_equal(columns.seals(self._number), seals)",
        "",
        ("test_a_changed_row_is_refused_when_it_is_read",),
    ),
    Fault(
        "seals",
        "the settings of a campaign have no seal",
        "        if int(Founding.of([(name, settings)]).seals(number)[0]) != seal:",
        "        if seal is None:",
        ("test_every_flipped_bit_is_found_or_says_nothing", "test_a_changed_row_is_refused_when_it_is_read"),
    ),
    Fault(
        "seals",
        "a backup is read whatever its bytes",
        "    durable.check_seal(source)\n",
        "",
        ("test_a_damaged_backup_is_refused_and_nothing_is_founded",),
    ),
    Fault(
        "seals",
        "a tree whose heights fall is read",
        "np.all(heights[1:] >= heights[:-1]))",
        "True)",
        ("test_impossible_contents_are_refused",),
    ),
    Fault(
        "seals",
        "the seal of a compiled loop does not see an edit",
        '        digest.update(f"\\n{path.name} ".encode())\n        digest.update(content)',
        '        digest.update(f"\\n{path.name} ".encode())',
        ("test_an_edited_helper_changes_its_callers_in_other_files", "test_a_seal_changes_with_every_file_it_covers"),
    ),
    Fault(
        "seals",
        "a checkpoint of another clustering is taken",
        "        if differing:\n            other_order",
        "        if len(differing) > 9:\n            other_order",
        ("test_another_clustering_is_refused",),
    ),
    Fault(
        "seals",
        "a row lost from a table is not missed",
        "        if kind is not Event and rows != counted.get(kind.NAME, 0):",
        "        if kind is not Event and rows > counted.get(kind.NAME, 0):",
        ("test_whatever_is_broken_is_found",),
    ),
)

# How much may be asked for, and what fits the machine.
BUDGET = (
    Fault(
        "budget",
        "one task more than the budget has room for",
        "    if size > left:\n",
        "    if size > left + 1:\n",
        ("test_the_budget_is_kept",),
    ),
    Fault(
        "budget",
        "the budget counts tasks, not labels",
        "max(0, settings.budget - asked_labels) // settings.annotators_per_task",
        "max(0, settings.budget - asked_labels)",
        ("test_the_budget_is_kept", "test_every_store_answers_as_the_plain_model"),
    ),
    Fault(
        "budget",
        "gold is free",
        "place.asked_labels, order.size + order.gold)",
        "place.asked_labels, order.size)",
        ("test_the_budget_is_kept", "test_every_store_answers_as_the_plain_model"),
    ),
    Fault(
        "budget",
        "tasks asked for count once whatever their annotators",
        "asked_labels=int(asked.sum()) * settings.annotators_per_task",
        "asked_labels=int(asked.sum())",
        ("test_the_budget_is_kept", "test_every_store_answers_as_the_plain_model"),
    ),
    Fault(
        "budget",
        "verify does not count the budget",
        "    if budget is not None and asked > budget:",
        "    if budget is not None and asked > 2 * budget:",
        ("test_whatever_is_broken_is_found",),
    ),
    Fault(
        "budget",
        "an ask for more than there is passes",
        "    free = pool_rows - len(standing.closed(at))",
        "    free = pool_rows",
        ("test_an_ask_without_scores_ends_when_labels_come_back", "test_every_store_answers_as_the_plain_model"),
    ),
    Fault(
        "budget",
        "work that does not fit memory is begun",
        "    if available is None or needed_bytes <= available:",
        "    if available is None or needed_bytes > 0:",
        ("test_shards_that_do_not_fit_are_refused_before_reading",),
    ),
    Fault(
        "budget",
        "files that do not fit the disk are begun",
        "    if needed_bytes > free:",
        "    if needed_bytes < 0:",
        ("test_files_on_one_disk_are_added_up", "test_the_vectors_too"),
    ),
    Fault(
        "budget",
        "a plan that does not fit says that it does",
        "self.available_bytes is None or self.needed_bytes <= self.available_bytes",
        "self.available_bytes is None or self.needed_bytes > 0",
        ("test_the_variable_is_the_limit",),
    ),
    Fault(
        "budget",
        "vectors go to files though memory has room for them",
        "on_disk=True) <= available < clustering_bytes(n, d, exact=False)",
        "on_disk=True) <= available",
        ("test_the_tree_is_the_same", "test_what_fits_is_not_refused"),
    ),
    Fault(
        "budget",
        "cached pages of a container count as used",
        "    return max(0, most - now + (int(match[1]) if match else 0))",
        "    return max(0, most - now)",
        ("test_the_least_left_of_all_groups_around_the_process_counts",),
    ),
)

FAULTS: tuple[Fault, ...] = (
    *REACH, *PROVEN, *CUT, *ROUND_ROBIN, *TIES, *HOLM, *SAVINGS, *AGREEMENT, *LEASES, *IDEMPOTENCY, *SEALS, *BUDGET,
)  # fmt: skip
