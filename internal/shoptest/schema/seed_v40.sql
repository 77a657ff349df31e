-- What seed.sql leaves out because the columns differ: OpenCart 4.0.2.

INSERT INTO `oc_language` (language_id, name, code, locale, extension, sort_order, status) VALUES
  (1, 'English', 'en-gb', 'en-gb,en', '', 1, 1), (2, 'Deutsch', 'de-de', 'de-de,de', '', 2, 1);
INSERT INTO `oc_country` (country_id, name, iso_code_2, iso_code_3, address_format_id, postcode_required, status) VALUES
  (14, 'Austria', 'AT', 'AUT', 1, 0, 1), (74, 'France, Metropolitan', 'FR', 'FRA', 1, 1, 1),
  (81, 'Germany', 'DE', 'DEU', 1, 1, 1), (222, 'United Kingdom', 'GB', 'GBR', 1, 1, 1), (223, 'United States', 'US', 'USA', 1, 0, 1);
INSERT INTO `oc_zone` (zone_id, country_id, name, code, status) VALUES
  (201, 14, 'Wien', 'WIE', 1), (1131, 74, 'Paris', '75', 1), (1255, 81, 'Bayern', 'BAY', 1), (1256, 81, 'Berlin', 'BER', 1),
  (1259, 81, 'Hamburg', 'HAM', 1), (3553, 222, 'Greater London', 'GTLDN', 1), (3563, 222, 'Lancashire', 'LANCS', 1),
  (3624, 223, 'California', 'CA', 1), (3655, 223, 'New York', 'NY', 1);
INSERT INTO `oc_filter_description` (filter_id, language_id, filter_group_id, name) VALUES
  (1, 1, 1, 'Kitchen'), (1, 2, 1, 'Küche'), (2, 1, 1, 'Office'), (2, 2, 1, 'Büro');
INSERT INTO `oc_store` (store_id, name, url) VALUES (1, 'Example Outlet', 'http://outlet.example.com/');
INSERT INTO `oc_setting` (store_id, code, `key`, value, serialized) VALUES
  (0, 'config', 'config_language', 'en-gb', 0),
  (0, 'config', 'config_language_admin', 'en-gb', 0),
  (0, 'config', 'config_fraud_status_id', '8', 0);
