INSERT INTO oc_product (product_id, master_id, model, variant, override, quantity, stock_status_id, price, status, date_added) VALUES
  (44, 42, 'CUP-12-RED', '{"b":{"z":1,"y":"<"},"421":"4211"}', '{"price":"1"}', 3, 5, 15.5000, 1, '2026-01-01 00:00:00'), (45, 42, 'CUP-12-X', '[]', '', 3, 5, 15.5000, 1, '2026-01-01 00:00:00');
-- read
UPDATE oc_product SET variant = '{ "421" : "4211", "b":{"y":"<", "z":1} }' WHERE product_id = 44;
UPDATE oc_product SET variant = '' WHERE product_id = 45;
-- include order_v4.sql
UPDATE oc_order_product SET product_id = 44, master_id = 42 WHERE order_product_id = 71;
