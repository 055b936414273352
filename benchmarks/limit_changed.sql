-- The limit for a night: the accounts that changed, written out by hand for the short rule set of S3, then the ranks
-- of their groups and branches, and the rank table of the committees.
WITH sums AS (
    SELECT e.account_id,
           sum(e.points::int) FILTER (WHERE e.item_id = %(base)s) AS base,
           least(sum(e.points::int) FILTER (WHERE e.item_id = %(work)s), 500) AS work,
           least(sum(e.points::int) FILTER (WHERE e.item_id = %(activity)s), 300) AS activity,
           least(max(e.points) FILTER (WHERE e.item_id = %(award)s), 1000) AS award,
           sum(e.points::int) FILTER (WHERE e.item_id IN (%(duty)s, %(discipline)s)) AS minus
    FROM scoring_ledgerentry e
    WHERE e.month = %(month)s AND e.account_id = ANY(ARRAY(SELECT account_id FROM limit_changed))
      AND e.reverses_id IS NULL
      AND NOT EXISTS (SELECT 1 FROM scoring_ledgerentry r WHERE r.reverses_id = e.id AND r.reverses_id IS NOT NULL)
    GROUP BY e.account_id
), totals AS (
    SELECT account_id, coalesce(base, 0) AS base, coalesce(minus, 0) AS minus,
           coalesce(work, 0) + coalesce(activity, 0) + coalesce(award, 0) AS plus
    FROM sums
)
UPDATE {target} s SET total = greatest(base + plus + t.minus, 0), computed_at = now(),
                      sections = jsonb_build_array(base * 100, plus * 100, t.minus * 100)
FROM totals t WHERE s.account_id = t.account_id AND s.month = %(month)s;

UPDATE {target} s SET rank_in_group = r.in_group, rank_in_branch = r.in_branch
FROM (
    SELECT id, rank() OVER (PARTITION BY unit_id ORDER BY total DESC) AS in_branch,
           CASE WHEN group_id IS NOT NULL THEN rank() OVER (PARTITION BY group_id ORDER BY total DESC) END AS in_group
    FROM {target}
    WHERE month = %(month)s AND unit_id IN (
        SELECT s.branch_id FROM members_membership s JOIN scoring_account a ON a.member_id = s.member_id
        WHERE a.id = ANY(ARRAY(SELECT account_id FROM limit_changed))
          AND s.started_on <= %(day)s AND (s.ended_on IS NULL OR s.ended_on > %(day)s))
) r
WHERE r.id = s.id AND (s.rank_in_group, s.rank_in_branch) IS DISTINCT FROM (r.in_group, r.in_branch);

TRUNCATE limit_standing;
INSERT INTO limit_standing (unit_id, total, count, rank)
SELECT node, total, n, 1 + sum(n) OVER (PARTITION BY node ORDER BY total DESC) - n
FROM (
    SELECT c.id AS node, s.total, count(*) AS n
    FROM {target} s JOIN members_orgunit u ON u.id = s.unit_id
    JOIN members_orgunit c ON c.kind = 'PARTY_COMMITTEE' AND (c.id = u.parent_id OR c.parent_id IS NULL)
    WHERE s.month = %(month)s GROUP BY 1, 2
) AS counted
