-- 4.1 allows NULL nearly everywhere.
INSERT INTO oc_order (order_id, subscription_id, invoice_no, store_id, customer_id, customer_group_id, total, order_status_id, affiliate_id, marketing_id, currency_value, payment_country_id, payment_zone_id,
  shipping_country_id, shipping_zone_id) VALUES (7, NULL, NULL, NULL, NULL, NULL, NULL, 1, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO oc_order_product (order_id, product_id, master_id, quantity, price, total, tax, reward) VALUES (7, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO oc_order_total (order_id, value, sort_order) VALUES (7, NULL, NULL);
INSERT INTO oc_order_history (order_id, order_status_id, notify) VALUES (7, NULL, NULL), (7, 1, NULL);
INSERT INTO oc_customer (customer_id, customer_group_id, store_id, language_id, newsletter, status) VALUES (7, NULL, NULL, NULL, NULL, NULL);
INSERT INTO oc_address (customer_id, country_id, zone_id, `default`) VALUES (7, NULL, NULL, NULL);
INSERT INTO oc_product (product_id, master_id, variant, quantity, stock_status_id, manufacturer_id, shipping, price, points, tax_class_id, weight, weight_class_id, length, width, height, length_class_id, subtract, minimum,
  sort_order, status) VALUES (7, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO oc_product_description (product_id, language_id) VALUES (7, 1);
INSERT INTO oc_product_code (product_id) VALUES (7);
INSERT INTO oc_product_option (product_option_id, product_id, option_id, required) VALUES (70, 7, NULL, NULL);
INSERT INTO oc_product_option_value (product_option_id, product_id, option_id, option_value_id, quantity, subtract, points) VALUES (70, 7, NULL, NULL, NULL, NULL, NULL);
INSERT INTO oc_product_discount (product_id, customer_group_id, quantity, priority, price, type, special) VALUES (7, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO oc_product_image (product_id, sort_order) VALUES (7, NULL);
INSERT INTO oc_seo_url (store_id, language_id, `key`, value, keyword) VALUES (NULL, NULL, 'product_id', '7', NULL), (0, 1, NULL, NULL, NULL);
INSERT INTO oc_category (category_id, parent_id, sort_order, status) VALUES (7, NULL, NULL, NULL);
INSERT INTO oc_category_description (category_id, language_id) VALUES (7, 1);
INSERT INTO oc_category_path (category_id, path_id, level) VALUES (7, 7, NULL);
