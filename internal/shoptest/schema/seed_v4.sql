-- What seed.sql leaves out because the columns differ: OpenCart 4.1.

INSERT INTO `oc_language` (language_id, name, code, locale, extension, sort_order, status) VALUES
  (1, 'English', 'en-gb', 'en-gb,en', '', 1, 1), (2, 'Deutsch', 'de-de', 'de-de,de', '', 2, 1);
INSERT INTO `oc_country` (country_id, iso_code_2, iso_code_3, address_format_id, postcode_required, status) VALUES
  (14, 'AT', 'AUT', 1, 0, 1), (74, 'FR', 'FRA', 1, 1, 1), (81, 'DE', 'DEU', 1, 1, 1), (222, 'GB', 'GBR', 1, 1, 1), (223, 'US', 'USA', 1, 0, 1);
INSERT INTO `oc_country_description` (country_id, language_id, name) VALUES
  (14, 1, 'Austria'), (14, 2, 'Österreich'), (74, 1, 'France, Metropolitan'), (74, 2, 'Frankreich'), (81, 1, 'Germany'), (81, 2, 'Deutschland'),
  (222, 1, 'United Kingdom'), (222, 2, 'Vereinigtes Königreich'), (223, 1, 'United States'), (223, 2, 'Vereinigte Staaten');
INSERT INTO `oc_zone` (zone_id, country_id, code, status) VALUES
  (201, 14, 'WIE', 1), (1131, 74, '75', 1), (1255, 81, 'BAY', 1), (1256, 81, 'BER', 1), (1259, 81, 'HAM', 1),
  (3553, 222, 'GTLDN', 1), (3563, 222, 'LANCS', 1), (3624, 223, 'CA', 1), (3655, 223, 'NY', 1);
INSERT INTO `oc_zone_description` (zone_id, language_id, name) VALUES
  (201, 1, 'Vienna'), (201, 2, 'Wien'), (1131, 1, 'Paris'), (1131, 2, 'Paris'), (1255, 1, 'Bavaria'), (1255, 2, 'Bayern'),
  (1256, 1, 'Berlin'), (1256, 2, 'Berlin'), (1259, 1, 'Hamburg'), (1259, 2, 'Hamburg'), (3553, 1, 'Greater London'), (3553, 2, 'Greater London'),
  (3563, 1, 'Lancashire'), (3563, 2, 'Lancashire'), (3624, 1, 'California'), (3624, 2, 'Kalifornien'), (3655, 1, 'New York'), (3655, 2, 'New York');
INSERT INTO `oc_filter_description` (filter_id, language_id, name) VALUES (1, 1, 'Kitchen'), (1, 2, 'Küche'), (2, 1, 'Office'), (2, 2, 'Büro');
INSERT INTO `oc_identifier` (identifier_id, name, code, validation, status) VALUES
  (1, 'Stock Keeping Unit', 'SKU', NULL, 1), (2, 'Universal Product Code', 'UPC', NULL, 1), (3, 'European Article Number', 'EAN', NULL, 1),
  (4, 'Japanese Article Number', 'JAN', NULL, 1), (5, 'International Standard Book Number', 'ISBN', NULL, 1), (6, 'Manufacturer Part Number', 'MPN', NULL, 1);
INSERT INTO `oc_store` (store_id, name, url) VALUES (1, 'Example Outlet', 'http://outlet.example.com/');
INSERT INTO `oc_setting` (store_id, code, `key`, value, serialized) VALUES
  (0, 'config', 'config_language_catalog', 'en-gb', 0),
  (0, 'config', 'config_language_admin', 'en-gb', 0),
  (0, 'config', 'config_void_status_id', '16', 0),
  (0, 'config', 'config_fraud_status_id', '8', 0);
