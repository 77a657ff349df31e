-- Product 42 with all it may have, and 43 with little.
INSERT INTO oc_category (category_id, image, parent_id, sort_order, status) VALUES (20, '', 0, 1, 1), (28, 'catalog/mugs.jpg', 20, 2, 1);
INSERT INTO oc_category_description (category_id, language_id, name, description, meta_title, meta_description, meta_keyword) VALUES
  (20, 1, 'Kitchen &amp; Table', '', 'Kitchen', '', ''), (20, 2, 'Küche', '', 'Küche', '', ''), (28, 1, 'Mugs', '&lt;p&gt;All mugs&lt;/p&gt;', 'Mugs', '', '');
INSERT INTO oc_category_path (category_id, path_id, level) VALUES (20, 20, 0), (28, 20, 0), (28, 28, 1);
INSERT INTO oc_category_to_store (category_id, store_id) VALUES (20, 0), (28, 0), (28, 1);
INSERT INTO oc_product (product_id, master_id, model, location, quantity, stock_status_id, image, manufacturer_id, shipping, price, points, tax_class_id, date_available,
  weight, weight_class_id, length, width, height, length_class_id, subtract, minimum, sort_order, status, date_added) VALUES
  (42, 0, 'CUP-12', 'A3', 990, 5, 'catalog/cup.jpg', 2, 1, 12.5000, 400, 9, '2009-02-04', 0.35000000, 1, 8.00000000, 9.00000000, 10.00000000, 1, 1, 1, 4, 1, '2009-02-03 21:07:37'),
  (43, 0, 'PLATE', '', 10, 5, '', 0, 1, 20.0000, 0, 9, '2009-02-04', 0.00000000, 1, 0.00000000, 0.00000000, 0.00000000, 1, 1, 1, 0, 1, '2009-02-03 21:07:37');
INSERT INTO oc_product_code (product_code_id, product_id, code, value) VALUES (1, 42, 'SKU', 'SKU-42'), (2, 42, 'EAN', '4000000000013'), (3, 42, 'MPN', '');
INSERT INTO oc_product_description (product_id, language_id, name, description, tag, meta_title, meta_description, meta_keyword) VALUES
  (42, 1, 'Cup 12&quot;', '&lt;p&gt;A cup&lt;/p&gt;', 'cup,mug', 'Cup', '', ''), (42, 2, 'Becher 12&quot;', '', '', 'Becher', '', ''), (43, 1, 'Plate', '', '', 'Plate', '', '');
INSERT INTO oc_product_to_category (product_id, category_id) VALUES (42, 20), (42, 28);
INSERT INTO oc_product_to_store (product_id, store_id) VALUES (42, 0), (43, 0);
INSERT INTO oc_product_image (product_image_id, product_id, image, sort_order) VALUES (1, 42, 'catalog/cup2.jpg', 2), (2, 42, 'catalog/cup3.jpg', 1);
INSERT INTO oc_product_attribute (product_id, attribute_id, language_id, text) VALUES (42, 1, 1, 'Stone ware'), (42, 1, 2, 'Steingut');
INSERT INTO oc_product_option (product_option_id, product_id, option_id, value, required) VALUES (421, 42, 4, '', 1), (422, 42, 3, '', 0);
INSERT INTO oc_product_option_value (product_option_value_id, product_option_id, product_id, option_id, option_value_id, quantity, subtract, price, price_prefix, points, points_prefix, weight, weight_prefix) VALUES
  (4211, 421, 42, 4, 6, 100, 1, 3.0000, '+', 0, '+', 0.10000000, '+'), (4212, 421, 42, 4, 7, 50, 1, 1.0000, '-', 0, '+', 0.00000000, '+');
INSERT INTO oc_product_related (product_id, related_id) VALUES (42, 43), (43, 42);
INSERT INTO oc_seo_url (store_id, language_id, `key`, value, keyword) VALUES (0, 1, 'product_id', '42', 'cup'), (0, 2, 'product_id', '42', 'becher'), (0, 1, 'path', '20_28', 'kitchen/mugs'), (0, 1, 'path', '20', 'kitchen');
