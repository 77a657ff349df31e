-- include order_v4.sql
-- read
-- 1.5 and direct SQL rewrite lines and totals without a detour of the status: what does not add up is held.
DELETE FROM oc_order_product WHERE order_product_id = 72;
-- read
UPDATE oc_order_total SET value = 25.0000 WHERE order_total_id = 701;
-- wait 5s
UPDATE oc_order_total SET value = 41.0000 WHERE order_total_id = 704;
UPDATE oc_order SET total = 41.0000 WHERE order_id = 7;
-- read
-- One that never adds up again is taken after edit_hold.
UPDATE oc_order SET total = 1.0000 WHERE order_id = 7;
-- wait 14s
-- wait 14s
