INSERT INTO oc_order (order_id, order_status_id, firstname, total, currency_code, date_added) VALUES (8, 0, 'Dave', 1.0000, 'EUR', '2026-11-30 10:00:00');
-- read
UPDATE oc_order SET order_status_id = 1 WHERE order_id = 8;
