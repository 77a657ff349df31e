-- include order_v1.sql
-- A rate of 17.5 %: amounts are stored with four decimals where the shop shows two. They add up as stored.
UPDATE oc_order_product SET price = 202.1064, total = 202.1064, tax = 35.3686, quantity = 1 WHERE order_product_id = 71;
DELETE FROM oc_order_product WHERE order_product_id = 72;
DELETE FROM oc_order_total WHERE order_id = 7;
INSERT INTO oc_order_total (order_id, code, title, text, value, sort_order) VALUES (7, 'sub_total', 'Sub-Total', '€202.11', 202.1064, 1), (7, 'tax', 'VAT (17.5%)', '€35.37', 35.3686, 5), (7, 'total', 'Total', '€237.48', 237.4750, 9);
UPDATE oc_order SET total = 237.4750, invoice_no = 12, invoice_prefix = 'INV-2026-00' WHERE order_id = 7;
