-- The limit: the short rule set of S3 written out by hand, as fast as we can. It knows the six items, their caps and
-- the three sections; nothing is left to decide at run time, and it leaves out what the product also looks after:
-- vetoes, adjustments, classes, scores of people who are gone, the row that says how far the job is.
WITH sums AS (
    SELECT e.account_id,
           sum(e.points::int) FILTER (WHERE e.item_id = %(base)s) AS base,
           least(sum(e.points::int) FILTER (WHERE e.item_id = %(work)s), 500) AS work,
           least(sum(e.points::int) FILTER (WHERE e.item_id = %(activity)s), 300) AS activity,
           least(max(e.points) FILTER (WHERE e.item_id = %(award)s), 1000) AS award,
           sum(e.points::int) FILTER (WHERE e.item_id IN (%(duty)s, %(discipline)s)) AS minus
    FROM scoring_ledgerentry e
    WHERE e.month = %(month)s AND {accounts} e.reverses_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM scoring_ledgerentry r WHERE r.reverses_id = e.id AND r.reverses_id IS NOT NULL)
    GROUP BY e.account_id
), sections AS (
    SELECT a.id AS account_id, s.branch_id, s.group_id, coalesce(base, 0) AS base,
           coalesce(work, 0) + coalesce(activity, 0) + coalesce(award, 0) AS plus, coalesce(minus, 0) AS minus
    FROM members_membership s
    JOIN scoring_account a ON a.member_id = s.member_id
    LEFT JOIN sums ON sums.account_id = a.id
    WHERE {branches} s.started_on <= %(day)s AND (s.ended_on IS NULL OR s.ended_on > %(day)s)
      AND NOT EXISTS (SELECT 1 FROM members_exclusion x WHERE x.member_id = s.member_id AND x.started_on <= %(day)s
                      AND (x.ended_on IS NULL OR x.ended_on > %(day)s))
), totals AS (
    SELECT *, greatest(base + plus + minus, 0) AS total FROM sections
)
INSERT INTO {target} (account_id, month, unit_id, group_id, rule_set_id, total, sections, has_veto,
                      rank_in_group, rank_in_branch, computed_at)
SELECT account_id, %(month)s, branch_id, group_id, %(rule_set)s, total,
       jsonb_build_array(base * 100, plus * 100, minus * 100), false,
       CASE WHEN group_id IS NOT NULL THEN rank() OVER (PARTITION BY group_id ORDER BY total DESC) END,
       rank() OVER (PARTITION BY branch_id ORDER BY total DESC), now()
FROM totals
ON CONFLICT (account_id, month) DO UPDATE SET
    unit_id = excluded.unit_id, group_id = excluded.group_id, rule_set_id = excluded.rule_set_id,
    total = excluded.total, sections = excluded.sections, has_veto = excluded.has_veto,
    rank_in_group = excluded.rank_in_group, rank_in_branch = excluded.rank_in_branch,
    computed_at = excluded.computed_at
WHERE ({target}.unit_id, {target}.group_id, {target}.rule_set_id, {target}.total, {target}.sections,
       {target}.has_veto, {target}.rank_in_group, {target}.rank_in_branch)
      IS DISTINCT FROM (excluded.unit_id, excluded.group_id, excluded.rule_set_id, excluded.total, excluded.sections,
       excluded.has_veto, excluded.rank_in_group, excluded.rank_in_branch)
