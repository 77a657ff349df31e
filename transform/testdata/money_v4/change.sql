-- include order_v4.sql
-- read
UPDATE oc_order SET currency_id = 3, currency_code = 'JPY', currency_value = 163.45670000 WHERE order_id = 7;
-- read
-- A credit larger than the order; a rate of 0 counts as 1; a currency that the shop has not.
UPDATE oc_order_total SET sort_order = 8, code = 'credit', title = 'Store Credit', value = -106.0000 WHERE order_total_id = 702;
UPDATE oc_order_total SET value = -50.0000 WHERE order_total_id = 704;
UPDATE oc_order SET total = -50.0000, currency_value = 0 WHERE order_id = 7;
-- read
INSERT INTO oc_order_total (order_id, extension, code, title, value, sort_order) VALUES (7, 'opencart', 'coupon', 'Coupon (TEN (10%))', -0.0001, 4), (7, 'opencart', 'tax', 'Removed tax', 0.0001, 6);
UPDATE oc_order SET currency_code = 'XXX', currency_value = 0.00000001, affiliate_id = 3, commission = 1.2345, tracking = 'mail', transaction_id = 'T-1', subscription_id = 5 WHERE order_id = 7;
-- read
-- As sold: the rate of a tax and the decimals of a currency are kept.
UPDATE oc_tax_rate SET rate = 19.0000 WHERE tax_rate_id = 86;
UPDATE oc_currency SET decimal_place = 3;
UPDATE oc_order SET currency_code = 'JPY', currency_value = 163.45670000 WHERE order_id = 7;
-- read
UPDATE oc_order SET comment = 'again' WHERE order_id = 7;
