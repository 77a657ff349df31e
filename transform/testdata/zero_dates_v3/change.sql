-- include order_v3.sql
-- read
UPDATE oc_order SET date_added = '0000-00-00 00:00:00' WHERE order_id = 7;
UPDATE oc_order_history SET date_added = '0000-00-00 00:00:00' WHERE order_id = 7;
UPDATE oc_product SET date_available = '0000-00-00', date_added = '0000-00-00 00:00:00';
UPDATE oc_product_special SET date_start = '0000-00-00', date_end = '2026-12-24';
