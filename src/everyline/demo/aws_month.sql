-- The month's own lines, from those of the hours: tax, support, a credit and a refund.
INSERT INTO lines BY NAME
WITH tax AS (
  SELECT billing_begins, account, service, 'Tax' AS kind,
    'Sales tax for ' || service AS description, round(sum(billed) * 0.0625, 2) AS amount
  FROM lines
  WHERE service IN ('Claude Sonnet 4.5 (Amazon Bedrock Edition)', 'Amazon Elastic Compute Cloud',
    'Amazon Relational Database Service', 'Amazon Simple Storage Service')
  GROUP BY ALL
), support AS (
  SELECT billing_begins, account, 'AWS Support' AS service, 'Usage' AS kind,
    'AWS Support (Business)' AS description, round(sum(billed) * 0.03, 2) AS amount
  FROM lines
  GROUP BY ALL
), credit AS (
  SELECT TIMESTAMP '2026-09-01' AS billing_begins, 'ai-prod' AS account,
    'Amazon Bedrock' AS service, 'Credit' AS kind,
    'AWS Promotional Credit: generative AI pilot' AS description, -1500 AS amount
), month AS (
  SELECT 9000 + row_number() OVER (ORDER BY billing_begins, account, service, kind) AS n,
    billing_begins, account, service, kind, description, amount::DECIMAL(18, 12) AS amount
  FROM (FROM tax UNION ALL FROM support UNION ALL FROM credit)
)
SELECT n, billing_begins, billing_begins AS begins, billing_begins + INTERVAL 1 MONTH AS ends,
  account, service, kind, description, amount AS listed, amount AS contracted, amount AS billed,
  amount AS effective, 'main' AS invoice
FROM month
UNION ALL BY NAME
-- A day and a half in which two endpoints did not answer, in September, refunded on October's bill.
SELECT 20000 + n AS n, TIMESTAMP '2026-10-01' AS billing_begins, begins, ends, account, sku,
  service, kind, 'Correction' AS class, 'Refund: ' || description AS description,
  -quantity AS quantity, -listed AS listed, -contracted AS contracted, -billed AS billed,
  -effective AS effective, resource, tags, invoice
FROM lines
WHERE sku = 'sagemaker-endpoint' AND right(resource, 2) IN ('01', '02')
  AND begins >= TIMESTAMP '2026-09-17 02:00:00' AND begins < TIMESTAMP '2026-09-18 14:00:00'
