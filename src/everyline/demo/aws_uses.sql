-- `streams`: who uses it in which account under which tags, as listed in aws_streams.csv; a count
-- of 4 makes 4 streams. Without tags the map is null, `{}` is an empty one, `key=NULL` a null value.
CREATE TABLE streams AS
SELECT row_number() OVER (ORDER BY line, copy) AS n, sku, account,
  replace(resource, '{n}', lpad(copy::VARCHAR, 2, '0')) AS resource, pairs(tags) AS tags,
  (quantity::DECIMAL(18, 4) * 10000)::BIGINT AS units, shape,
  coalesce("from"::TIMESTAMP, TIMESTAMP '2026-09-01') AS begins,
  coalesce(until::TIMESTAMP, TIMESTAMP '2026-11-01') AS ends
FROM (
  SELECT row_number() OVER () AS line, unnest(range(1, count::INTEGER + 1)) AS copy, sku, account,
    resource, tags, quantity, shape, "from", until
  FROM read_csv($path, header = true, all_varchar = true)
)
