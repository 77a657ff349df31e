-- Product 42 with options and special prices, and 43 with little.
INSERT INTO oc_category (category_id, image, parent_id, top, `column`, sort_order, status, date_added, date_modified) VALUES
  (20, '', 0, 1, 1, 1, 1, '2009-01-01 00:00:00', '2009-01-01 00:00:00'), (28, '', 20, 0, 1, 2, 1, '2009-01-01 00:00:00', '2009-01-01 00:00:00');
INSERT INTO oc_category_description (category_id, language_id, name, description, meta_title, meta_description, meta_keyword) VALUES (20, 1, 'Kitchen', '', 'Kitchen', '', ''), (28, 1, 'Mugs', '', 'Mugs', '', '');
INSERT INTO oc_category_path (category_id, path_id, level) VALUES (20, 20, 0), (28, 20, 0), (28, 28, 1);
INSERT INTO oc_category_to_store (category_id, store_id) VALUES (20, 0), (28, 0);
INSERT INTO oc_product (product_id, model, sku, upc, ean, jan, isbn, mpn, location, quantity, stock_status_id, image, manufacturer_id, shipping, price, points, tax_class_id, date_available,
  weight, weight_class_id, length, width, height, length_class_id, subtract, minimum, sort_order, status, master_id, date_added, date_modified) VALUES
  (42, 'CUP-12', 'SKU-42', '', '4000000000013', '', '', '', '', 990, 5, 'catalog/cup.jpg', 2, 1, 12.5000, 0, 9, '2009-02-04', 0.35000000, 1, 0, 0, 0, 1, 1, 1, 4, 1, 0, '2009-02-03 21:07:37', '2009-02-03 21:07:37'),
  (43, 'PLATE', '', '', '', '', '', '', '', 10, 5, '', 0, 1, 20.0000, 0, 9, '0000-00-00', 0, 1, 0, 0, 0, 1, 1, 1, 0, 1, 0, '0000-00-00 00:00:00', '0000-00-00 00:00:00');
INSERT INTO oc_product_description (product_id, language_id, name, description, tag, meta_title, meta_description, meta_keyword) VALUES (42, 1, 'Cup 12&quot;', '', '', 'Cup', '', ''), (43, 1, 'Plate', '', '', 'Plate', '', '');
INSERT INTO oc_product_to_category (product_id, category_id) VALUES (42, 28);
INSERT INTO oc_product_to_store (product_id, store_id) VALUES (42, 0), (43, 0);
INSERT INTO oc_product_option (product_option_id, product_id, option_id, value, required) VALUES (421, 42, 4, '', 1), (422, 42, 3, '', 0);
INSERT INTO oc_product_option_value (product_option_value_id, product_option_id, product_id, option_id, option_value_id, quantity, subtract, price, price_prefix, points, points_prefix, weight, weight_prefix) VALUES
  (4211, 421, 42, 4, 6, 100, 1, 3.0000, '+', 0, '+', 0.00000000, '+'), (4212, 421, 42, 4, 7, 50, 1, 1.0000, '-', 0, '+', 0.00000000, '+');
INSERT INTO oc_product_special (product_special_id, product_id, customer_group_id, priority, price, date_start, date_end) VALUES (1, 42, 1, 1, 9.9900, '0000-00-00', '0000-00-00'), (2, 42, 1, 0, 8.5000, '2026-12-01', '2026-12-24');
INSERT INTO oc_product_discount (product_discount_id, product_id, customer_group_id, quantity, priority, price, date_start, date_end) VALUES (1, 42, 1, 10, 1, 9.0000, '0000-00-00', '0000-00-00');
INSERT INTO oc_seo_url (store_id, language_id, `key`, value, keyword) VALUES (0, 1, 'product_id', '42', 'cup'), (0, 1, 'path', '20_28', 'kitchen/mugs');
