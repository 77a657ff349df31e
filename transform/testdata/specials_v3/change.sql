UPDATE oc_product SET sort_order = 5 WHERE product_id = 42;
-- read
DELETE FROM oc_product_special WHERE product_id = 42;
-- read
INSERT INTO oc_product_special (product_id, customer_group_id, priority, price, date_start, date_end) VALUES (42, 1, 0, 8.5000, '2026-12-01', '2026-12-24'), (42, 1, 1, 9.9900, '0000-00-00', '0000-00-00');
-- wait 1s
-- For good this time: taken as it is after one more look.
DELETE FROM oc_product_special WHERE product_id = 42;
-- read
-- wait 1s
