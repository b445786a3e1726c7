-- One line for each stream and hour of its shape: `lines`, without the month's own lines.
-- Amounts are integers and DECIMAL throughout: `units` counts ten-thousandths of the billed unit.
CREATE TABLE lines AS
WITH hours AS (
  SELECT t, TIMESTAMP '2026-09-01' + to_hours(t) AS begins, t % 24 AS clock,
    (t // 24 + 1) % 7 >= 5 AS weekend, 100 + t // 240 AS growth
  FROM range(1464) AS every_hour (t)
), shaped AS (
  SELECT streams.n, hours.begins, streams.sku, streams.account, streams.resource, streams.tags,
    streams.units, hours.growth,
    CASE streams.shape
      WHEN 'day' THEN [31, 24, 20, 18, 20, 30, 52, 88, 124, 148, 156, 152, 144, 150, 158, 160,
        155, 148, 138, 126, 110, 90, 66, 44][clock + 1] * (CASE WHEN weekend THEN 60 ELSE 110 END)
      WHEN 'office' THEN CASE WHEN weekend OR clock < 7 OR clock > 18 THEN 0 ELSE 20000 END
      WHEN 'night' THEN CASE WHEN clock > 5 THEN 0 ELSE 30000 END
      ELSE 10000
    END AS level,
    ((streams.n * 7919 + hours.t * (hours.t + streams.n) * 31 + hours.t * 104729)
      * 48271 % 2147483647) // 1024 % 41 + 80 AS noise
  FROM streams, hours
  WHERE hours.begins >= streams.begins AND hours.begins < streams.ends
), measured AS (
  SELECT n, begins, sku, account, resource, tags,
    CASE
      WHEN skus.unit IN ('Hrs', 'GB-Mo') OR skus.unit IS NULL THEN units
      ELSE units * level // 10000 * noise // 100 * growth // 100 // 10 * 10
    END AS quantity_units
  FROM shaped JOIN skus USING (sku)
  WHERE level > 0
), counted AS (
  SELECT n, begins, sku, account, resource, tags,
    (quantity_units::BIGINT * 0.0001)::DECIMAL(18, 4) AS quantity
  FROM measured
)
SELECT n, date_trunc('month', begins) AS billing_begins, begins, begins + INTERVAL 1 HOUR AS ends,
  counted.account, sku, service, CASE charge WHEN 'purchase' THEN 'Purchase' ELSE 'Usage' END AS kind,
  NULL::VARCHAR AS class, description, quantity,
  (quantity * list_price)::DECIMAL(18, 12) AS listed,
  (quantity * price)::DECIMAL(18, 12) AS contracted,
  CASE charge WHEN 'covered' THEN 0 ELSE quantity * price END::DECIMAL(18, 12) AS billed,
  CASE charge WHEN 'covered' THEN quantity * plan_price WHEN 'purchase' THEN 0
    ELSE quantity * price END::DECIMAL(18, 12) AS effective,
  resource, tags, invoice
FROM counted JOIN skus USING (sku)
