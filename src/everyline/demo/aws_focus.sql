-- `lines` in the shape of AWS Data Exports, table FOCUS_1_2_AWS: its 60 columns in its order, costs
-- and quantities DECIMAL where AWS has double, Tags a map as there.
SELECT lines.n, NULL::VARCHAR AS AvailabilityZone, billed AS BilledCost, payer.id AS BillingAccountId,
  payer.account AS BillingAccountName, 'BillingAccount' AS BillingAccountType,
  'USD' AS BillingCurrency, billing_begins + INTERVAL 1 MONTH AS BillingPeriodEnd,
  billing_begins AS BillingPeriodStart, NULL::VARCHAR AS CapacityReservationId,
  NULL::VARCHAR AS CapacityReservationStatus, kind AS ChargeCategory, class AS ChargeClass,
  lines.description AS ChargeDescription,
  CASE kind WHEN 'Purchase' THEN 'Recurring' WHEN 'Credit' THEN 'One-Time'
    ELSE 'Usage-Based' END AS ChargeFrequency,
  ends AS ChargePeriodEnd, begins AS ChargePeriodStart,
  CASE WHEN plan.id IS NOT NULL THEN 'Spend' END AS CommitmentDiscountCategory,
  plan.id AS CommitmentDiscountId, NULL::VARCHAR AS CommitmentDiscountName,
  NULL::DECIMAL(18, 4) AS CommitmentDiscountQuantity,
  CASE charge WHEN 'covered' THEN 'Used' END AS CommitmentDiscountStatus,
  CASE WHEN plan.id IS NOT NULL THEN 'Compute Savings Plan' END AS CommitmentDiscountType,
  NULL::VARCHAR AS CommitmentDiscountUnit,
  CASE WHEN unit IS NOT NULL THEN quantity END AS ConsumedQuantity, unit AS ConsumedUnit,
  contracted AS ContractedCost, CASE WHEN unit IS NOT NULL THEN price END AS ContractedUnitPrice,
  effective AS EffectiveCost, invoices.id AS InvoiceId,
  'Amazon Web Services, Inc.' AS InvoiceIssuerName, listed AS ListCost,
  CASE WHEN unit IS NOT NULL THEN list_price END AS ListUnitPrice,
  CASE WHEN charge = 'covered' THEN 'Committed' WHEN unit IS NOT NULL THEN 'Standard'
    END AS PricingCategory,
  'USD' AS PricingCurrency, NULL::DECIMAL(18, 8) AS PricingCurrencyContractedUnitPrice,
  NULL::DECIMAL(18, 12) AS PricingCurrencyEffectiveCost,
  NULL::DECIMAL(18, 8) AS PricingCurrencyListUnitPrice,
  CASE WHEN unit IS NOT NULL THEN quantity END AS PricingQuantity, unit AS PricingUnit,
  'AWS' AS ProviderName, coalesce(publisher, 'AWS') AS PublisherName, 'us-east-1' AS RegionId,
  'US East (N. Virginia)' AS RegionName, resource AS ResourceId, NULL::VARCHAR AS ResourceName,
  NULL::VARCHAR AS ResourceType, services.category AS ServiceCategory,
  lines.service AS ServiceName, services.subcategory AS ServiceSubcategory, sku_id AS SkuId,
  meter AS SkuMeter, details AS SkuPriceDetails, sku_id || '.JRTCKXETXF' AS SkuPriceId,
  accounts.id AS SubAccountId, accounts.account AS SubAccountName, 'Account' AS SubAccountType,
  tags AS Tags, CASE discount WHEN 0 THEN '{}' ELSE '{"EDP":-0.0' || discount || '}'
    END AS x_Discounts,
  operation AS x_Operation, services.code AS x_ServiceCode
FROM lines
JOIN (SELECT DISTINCT service, category, subcategory, code FROM skus) AS services USING (service)
JOIN accounts ON accounts.account = lines.account
JOIN accounts AS payer ON payer.account = 'payer'
LEFT JOIN skus USING (sku)
LEFT JOIN (SELECT resource AS id FROM streams WHERE sku = 'gpu-plan-fee') AS plan
  ON charge IN ('covered', 'purchase')
LEFT JOIN invoices ON invoices.period = strftime(billing_begins, '%Y-%m')
  AND invoices.invoice = lines.invoice
