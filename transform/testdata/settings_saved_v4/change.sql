UPDATE oc_product SET sort_order = 3 WHERE product_id = 42;
-- read
-- A save of the settings deletes all of them before it inserts them again; somebody orders meanwhile.
DELETE FROM oc_setting WHERE store_id = 0 AND code = 'config';
-- read
-- include order_v4.sql
-- read
INSERT INTO oc_setting (store_id, code, `key`, value, serialized) VALUES (0, 'config', 'config_currency', 'EUR', 0), (0, 'config', 'config_language_catalog', 'en-gb', 0), (0, 'config', 'config_void_status_id', '16', 0), (0, 'config', 'config_timezone', 'Europe/Berlin', 0);
UPDATE oc_product SET sort_order = 5 WHERE product_id = 42;
