-- What seed.sql leaves out because the columns differ: OpenCart 2.3. There is no time zone.

INSERT INTO `oc_language` (language_id, name, code, locale, image, directory, sort_order, status) VALUES
  (1, 'English', 'en-gb', 'en-US,en_US.UTF-8,en_US,en-gb,english', 'gb.png', 'english', 1, 1),
  (2, 'Deutsch', 'de-de', 'de-DE,de_DE.UTF-8,de_DE,german', 'de.png', 'german', 2, 1);
INSERT INTO `oc_country` (country_id, name, iso_code_2, iso_code_3, address_format, postcode_required, status) VALUES
  (14, 'Austria', 'AT', 'AUT', '', 0, 1), (74, 'France, Metropolitan', 'FR', 'FRA', '', 1, 1),
  (81, 'Germany', 'DE', 'DEU', '', 1, 1), (222, 'United Kingdom', 'GB', 'GBR', '', 1, 1), (223, 'United States', 'US', 'USA', '', 0, 1);
INSERT INTO `oc_zone` (zone_id, country_id, name, code, status) VALUES
  (201, 14, 'Wien', 'WIE', 1), (1131, 74, 'Paris', '75', 1), (1255, 81, 'Bayern', 'BAY', 1), (1256, 81, 'Berlin', 'BER', 1),
  (1259, 81, 'Hamburg', 'HAM', 1), (3553, 222, 'Greater London', 'GTLDN', 1), (3563, 222, 'Lancashire', 'LANCS', 1),
  (3624, 223, 'California', 'CA', 1), (3655, 223, 'New York', 'NY', 1);
INSERT INTO `oc_filter_description` (filter_id, language_id, filter_group_id, name) VALUES
  (1, 1, 1, 'Kitchen'), (1, 2, 1, 'Küche'), (2, 1, 1, 'Office'), (2, 2, 1, 'Büro');
INSERT INTO `oc_store` (store_id, name, url, `ssl`) VALUES (1, 'Example Outlet', 'http://outlet.example.com/', 'https://outlet.example.com/');
INSERT INTO `oc_setting` (store_id, code, `key`, value, serialized) VALUES
  (0, 'config', 'config_name', 'Example Shop', 0),
  (0, 'config', 'config_owner', 'Example Ltd', 0),
  (0, 'config', 'config_email', 'shop@example.com', 0),
  (0, 'config', 'config_language', 'en-gb', 0),
  (0, 'config', 'config_admin_language', 'en-gb', 0),
  (0, 'config', 'config_currency', 'EUR', 0),
  (0, 'config', 'config_country_id', '81', 0),
  (0, 'config', 'config_zone_id', '1256', 0),
  (0, 'config', 'config_tax', '1', 0),
  (0, 'config', 'config_customer_group_id', '1', 0),
  (0, 'config', 'config_customer_group_display', '["1","2"]', 1),
  (0, 'config', 'config_invoice_prefix', 'INV-2026-00', 0),
  (0, 'config', 'config_order_status_id', '1', 0),
  (0, 'config', 'config_processing_status', '["5","1","2","12","3"]', 1),
  (0, 'config', 'config_complete_status', '["5","3"]', 1),
  (0, 'config', 'config_stock_checkout', '1', 0),
  (0, 'cod', 'cod_status', '1', 0),
  (0, 'cod', 'cod_order_status_id', '1', 0),
  (0, 'flat', 'flat_status', '1', 0),
  (0, 'flat', 'flat_cost', '5.00', 0),
  (0, 'flat', 'flat_tax_class_id', '9', 0),
  (1, 'config', 'config_name', 'Example Outlet', 0),
  (1, 'config', 'config_currency', 'EUR', 0);
