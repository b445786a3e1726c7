-- `skus`: what one unit costs, as listed in aws_skus.csv.
CREATE TABLE skus AS
SELECT sku, charge, service, category, subcategory, code, operation, publisher, description, meter,
  unit, list_price::DECIMAL(18, 6) AS list_price,
  (list_price::DECIMAL(18, 6) * (100 - discount::INTEGER) * 0.01)::DECIMAL(18, 8) AS price,
  discount, plan_price::DECIMAL(18, 6) AS plan_price, invoice,
  CASE WHEN unit IS NOT NULL THEN upper(substr(md5(sku), 1, 16)) END AS sku_id,
  to_json(pairs(details))::VARCHAR AS details
FROM read_csv($path, header = true, all_varchar = true)
