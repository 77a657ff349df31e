-- OpenCart 4.1
-- include product_v4.sql
-- include order_v4.sql
INSERT INTO oc_order (order_id, order_status_id, firstname, total, currency_code, date_added) VALUES (8, 0, 'Dave', 1.0000, 'EUR', '2026-11-30 10:00:00');
