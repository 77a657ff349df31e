-- What a new shop of any generation holds. The default language is English, the default
-- currency the euro.

INSERT INTO `oc_currency` (currency_id, title, code, symbol_left, symbol_right, decimal_place, value, status, date_modified) VALUES
  (1, 'Euro', 'EUR', '', '€', '2', 1.00000000, 1, '2026-01-01 00:00:00'),
  (2, 'Pound Sterling', 'GBP', '£', '', '2', 0.86250001, 1, '2026-01-01 00:00:00'),
  (3, 'Japanese Yen', 'JPY', '¥', '', '0', 163.45670000, 1, '2026-01-01 00:00:00');

INSERT INTO `oc_order_status` (order_status_id, language_id, name) VALUES
  (1, 1, 'Pending'), (1, 2, 'Ausstehend'),
  (2, 1, 'Processing'), (2, 2, 'In Bearbeitung'),
  (3, 1, 'Shipped'), (3, 2, 'Versandt'),
  (5, 1, 'Complete'), (5, 2, 'Abgeschlossen'),
  (7, 1, 'Canceled'), (7, 2, 'Storniert'),
  (8, 1, 'Denied'), (8, 2, 'Abgelehnt'),
  (9, 1, 'Canceled Reversal'), (9, 2, 'Storno aufgehoben'),
  (10, 1, 'Failed'), (10, 2, 'Fehlgeschlagen'),
  (11, 1, 'Refunded'), (11, 2, 'Erstattet'),
  (12, 1, 'Reversed'), (12, 2, 'Zurückgebucht'),
  (13, 1, 'Chargeback'), (13, 2, 'Rückbuchung'),
  (14, 1, 'Expired'), (14, 2, 'Abgelaufen'),
  (15, 1, 'Processed'), (15, 2, 'Bearbeitet'),
  (16, 1, 'Voided'), (16, 2, 'Ungültig');

INSERT INTO `oc_stock_status` (stock_status_id, language_id, name) VALUES
  (5, 1, 'Out Of Stock'), (5, 2, 'Ausverkauft'),
  (6, 1, '2-3 Days'), (6, 2, '2-3 Tage'),
  (7, 1, 'In Stock'), (7, 2, 'Auf Lager'),
  (8, 1, 'Pre-Order'), (8, 2, 'Vorbestellung');

INSERT INTO `oc_weight_class` (weight_class_id, value) VALUES (1, 1), (2, 1000), (5, 2.2046), (6, 35.274);
INSERT INTO `oc_weight_class_description` (weight_class_id, language_id, title, unit) VALUES
  (1, 1, 'Kilogram', 'kg'), (1, 2, 'Kilogramm', 'kg'), (2, 1, 'Gram', 'g'), (2, 2, 'Gramm', 'g'),
  (5, 1, 'Pound', 'lb'), (5, 2, 'Pfund', 'lb'), (6, 1, 'Ounce', 'oz'), (6, 2, 'Unze', 'oz');
INSERT INTO `oc_length_class` (length_class_id, value) VALUES (1, 1), (2, 10), (3, 0.3937);
INSERT INTO `oc_length_class_description` (length_class_id, language_id, title, unit) VALUES
  (1, 1, 'Centimeter', 'cm'), (1, 2, 'Zentimeter', 'cm'), (2, 1, 'Millimeter', 'mm'), (2, 2, 'Millimeter', 'mm'),
  (3, 1, 'Inch', 'in'), (3, 2, 'Zoll', 'in');

INSERT INTO `oc_customer_group` (customer_group_id, approval, sort_order) VALUES (1, 0, 1), (2, 1, 2);
INSERT INTO `oc_customer_group_description` (customer_group_id, language_id, name, description) VALUES
  (1, 1, 'Default', ''), (1, 2, 'Standard', ''),
  (2, 1, 'Trade &amp; Resale', 'needs an approval'), (2, 2, 'Handel', 'muss freigegeben werden');

INSERT INTO `oc_tax_class` (tax_class_id, title, description) VALUES
  (9, 'Taxable Goods', 'goods that are sent'), (10, 'Downloads', 'files');
INSERT INTO `oc_tax_rate` (tax_rate_id, geo_zone_id, name, rate, type) VALUES
  (86, 3, 'VAT (20%)', 20.0000, 'P'), (87, 3, 'Eco Tax (2.00)', 2.0000, 'F');
INSERT INTO `oc_tax_rate_to_customer_group` (tax_rate_id, customer_group_id) VALUES (86, 1), (86, 2), (87, 1);
INSERT INTO `oc_tax_rule` (tax_rule_id, tax_class_id, tax_rate_id, based, priority) VALUES
  (127, 9, 87, 'shipping', 1), (128, 9, 86, 'shipping', 2), (129, 10, 86, 'shipping', 1);
INSERT INTO `oc_geo_zone` (geo_zone_id, name, description) VALUES (3, 'VAT zone', 'countries with VAT');
INSERT INTO `oc_zone_to_geo_zone` (zone_to_geo_zone_id, country_id, zone_id, geo_zone_id) VALUES
  (1, 81, 0, 3), (2, 14, 0, 3), (3, 74, 0, 3), (4, 222, 0, 3);

INSERT INTO `oc_coupon` (coupon_id, name, code, type, discount, logged, shipping, total, date_start, date_end, uses_total, uses_customer, status, date_added) VALUES
  (1, '10% off', 'TEN', 'P', 10.0000, 0, 0, 0.0000, '2020-01-01', '2099-12-31', 0, '0', 1, '2026-01-01 00:00:00'),
  (2, '5.00 off', 'FIVE', 'F', 5.0000, 0, 0, 20.0000, '2020-01-01', '2099-12-31', 0, '0', 1, '2026-01-01 00:00:00');

INSERT INTO `oc_manufacturer` (manufacturer_id, name, image, sort_order) VALUES
  (1, 'Northwind Pottery', '', 1), (2, 'Fern &amp; Sons', '', 2), (3, 'Lumen Werke', '', 3);
INSERT INTO `oc_manufacturer_to_store` (manufacturer_id, store_id) VALUES (1, 0), (2, 0), (3, 0);

INSERT INTO `oc_option` (option_id, type, sort_order) VALUES
  (1, 'radio', 1), (2, 'checkbox', 2), (3, 'text', 3), (4, 'select', 4), (5, 'date', 5), (6, 'textarea', 6), (7, 'file', 7);
INSERT INTO `oc_option_description` (option_id, language_id, name) VALUES
  (1, 1, 'Size'), (1, 2, 'Größe'), (2, 1, 'Extras &amp; Gifts'), (2, 2, 'Extras &amp; Geschenke'),
  (3, 1, 'Engraving'), (3, 2, 'Gravur'), (4, 1, 'Colour'), (4, 2, 'Farbe'), (5, 1, 'Delivery Date'), (5, 2, 'Lieferdatum'),
  (6, 1, 'Message'), (6, 2, 'Nachricht'), (7, 1, 'Artwork'), (7, 2, 'Vorlage');
INSERT INTO `oc_option_value` (option_value_id, option_id, image, sort_order) VALUES
  (1, 1, '', 1), (2, 1, '', 2), (3, 1, '', 3), (4, 2, '', 1), (5, 2, '', 2), (6, 4, '', 1), (7, 4, '', 2), (8, 4, '', 3);
INSERT INTO `oc_option_value_description` (option_value_id, language_id, option_id, name) VALUES
  (1, 1, 1, 'Small'), (1, 2, 1, 'Klein'), (2, 1, 1, 'Medium'), (2, 2, 1, 'Mittel'), (3, 1, 1, 'Large 12&quot;'), (3, 2, 1, 'Groß 12&quot;'),
  (4, 1, 2, 'Gift wrap'), (4, 2, 2, 'Geschenkpapier'), (5, 1, 2, 'Greeting card'), (5, 2, 2, 'Grußkarte'),
  (6, 1, 4, 'Red'), (6, 2, 4, 'Rot'), (7, 1, 4, 'Blue'), (7, 2, 4, 'Blau'), (8, 1, 4, 'Natural'), (8, 2, 4, 'Natur');

INSERT INTO `oc_attribute_group` (attribute_group_id, sort_order) VALUES (1, 1);
INSERT INTO `oc_attribute_group_description` (attribute_group_id, language_id, name) VALUES (1, 1, 'Make'), (1, 2, 'Machart');
INSERT INTO `oc_attribute` (attribute_id, attribute_group_id, sort_order) VALUES (1, 1, 1), (2, 1, 2);
INSERT INTO `oc_attribute_description` (attribute_id, language_id, name) VALUES
  (1, 1, 'Material'), (1, 2, 'Material'), (2, 1, 'Care &amp; cleaning'), (2, 2, 'Pflege');
INSERT INTO `oc_filter_group` (filter_group_id, sort_order) VALUES (1, 1);
INSERT INTO `oc_filter_group_description` (filter_group_id, language_id, name) VALUES (1, 1, 'Room'), (1, 2, 'Raum');
INSERT INTO `oc_filter` (filter_id, filter_group_id, sort_order) VALUES (1, 1, 1), (2, 1, 2);
