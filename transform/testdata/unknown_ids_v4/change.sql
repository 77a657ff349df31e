-- include order_v4.sql
UPDATE oc_order SET order_status_id = 99, customer_group_id = 99, language_id = 99, language_code = '', shipping_country_id = 999, shipping_zone_id = 9999 WHERE order_id = 7;
INSERT INTO oc_order_history (order_id, order_status_id, notify, comment, date_added) VALUES (7, 99, 0, '', '2026-11-30 11:00:00');
INSERT INTO oc_customer (customer_id, customer_group_id, language_id, firstname, status, custom_field, date_added) VALUES (9, 99, 99, 'Eve', 1, '{"99":"x","2":"77"}', '2026-11-30 10:00:00');
INSERT INTO oc_address (address_id, customer_id, firstname, country_id, zone_id) VALUES (90, 9, 'Eve', 999, 9999), (91, 9, 'Eve', 81, 9999);
UPDATE oc_product SET manufacturer_id = 99, tax_class_id = 99, stock_status_id = 99, weight_class_id = 99, length_class_id = 99 WHERE product_id = 42;
INSERT INTO oc_product_description (product_id, language_id, name) VALUES (42, 99, 'Klingon');
INSERT INTO oc_product_attribute (product_id, attribute_id, language_id, text) VALUES (42, 99, 1, 'x'), (42, 98, 99, 'y');
UPDATE oc_product_option SET option_id = 99 WHERE product_option_id = 422;
UPDATE oc_product_option_value SET option_value_id = 99 WHERE product_option_value_id = 4212;
INSERT INTO oc_product_to_category (product_id, category_id) VALUES (42, 99);
INSERT INTO oc_seo_url (store_id, language_id, `key`, value, keyword) VALUES (0, 99, 'product_id', '42', 'x'), (0, 1, 'product_id', '042', 'no'), (0, 1, 'path', '20_', 'no'), (0, 1, 'path', 'x', 'no');
