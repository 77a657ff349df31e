-- The tables of an OpenCart 2.3.0 shop that octail or its simulated shopper touches:
-- MyISAM but for the cart, NOT NULL columns, zero dates, approved customers, url_alias.
-- Column names, types, order and keys are those of the release. Load puts the prefix in
-- the place of oc_ and adds the character set.

-- Orders.

CREATE TABLE `oc_order` (
  order_id int(11) NOT NULL AUTO_INCREMENT, invoice_no int(11) NOT NULL DEFAULT 0,
  invoice_prefix varchar(26) NOT NULL, store_id int(11) NOT NULL DEFAULT 0, store_name varchar(64) NOT NULL,
  store_url varchar(255) NOT NULL, customer_id int(11) NOT NULL DEFAULT 0,
  customer_group_id int(11) NOT NULL DEFAULT 0, firstname varchar(32) NOT NULL, lastname varchar(32) NOT NULL,
  email varchar(96) NOT NULL, telephone varchar(32) NOT NULL, fax varchar(32) NOT NULL, custom_field text NOT NULL,
  payment_firstname varchar(32) NOT NULL, payment_lastname varchar(32) NOT NULL,
  payment_company varchar(60) NOT NULL, payment_address_1 varchar(128) NOT NULL,
  payment_address_2 varchar(128) NOT NULL, payment_city varchar(128) NOT NULL,
  payment_postcode varchar(10) NOT NULL, payment_country varchar(128) NOT NULL,
  payment_country_id int(11) NOT NULL, payment_zone varchar(128) NOT NULL, payment_zone_id int(11) NOT NULL,
  payment_address_format text NOT NULL, payment_custom_field text NOT NULL, payment_method varchar(128) NOT NULL,
  payment_code varchar(128) NOT NULL, shipping_firstname varchar(32) NOT NULL,
  shipping_lastname varchar(32) NOT NULL, shipping_company varchar(40) NOT NULL,
  shipping_address_1 varchar(128) NOT NULL, shipping_address_2 varchar(128) NOT NULL,
  shipping_city varchar(128) NOT NULL, shipping_postcode varchar(10) NOT NULL,
  shipping_country varchar(128) NOT NULL, shipping_country_id int(11) NOT NULL,
  shipping_zone varchar(128) NOT NULL, shipping_zone_id int(11) NOT NULL, shipping_address_format text NOT NULL,
  shipping_custom_field text NOT NULL, shipping_method varchar(128) NOT NULL, shipping_code varchar(128) NOT NULL,
  comment text NOT NULL, total decimal(15,4) NOT NULL DEFAULT 0.0000, order_status_id int(11) NOT NULL DEFAULT 0,
  affiliate_id int(11) NOT NULL, commission decimal(15,4) NOT NULL, marketing_id int(11) NOT NULL,
  tracking varchar(64) NOT NULL, language_id int(11) NOT NULL, currency_id int(11) NOT NULL,
  currency_code varchar(3) NOT NULL, currency_value decimal(15,8) NOT NULL DEFAULT 1.00000000,
  ip varchar(40) NOT NULL, forwarded_ip varchar(40) NOT NULL, user_agent varchar(255) NOT NULL,
  accept_language varchar(255) NOT NULL, date_added datetime NOT NULL, date_modified datetime NOT NULL,
  PRIMARY KEY (order_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_order_product` (
  order_product_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) NOT NULL, product_id int(11) NOT NULL,
  name varchar(255) NOT NULL, model varchar(64) NOT NULL, quantity int(4) NOT NULL,
  price decimal(15,4) NOT NULL DEFAULT 0.0000, total decimal(15,4) NOT NULL DEFAULT 0.0000,
  tax decimal(15,4) NOT NULL DEFAULT 0.0000, reward int(8) NOT NULL,
  PRIMARY KEY (order_product_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_order_option` (
  order_option_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) NOT NULL, order_product_id int(11) NOT NULL,
  product_option_id int(11) NOT NULL, product_option_value_id int(11) NOT NULL DEFAULT 0,
  name varchar(255) NOT NULL, value text NOT NULL, type varchar(32) NOT NULL,
  PRIMARY KEY (order_option_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_order_total` (
  order_total_id int(10) NOT NULL AUTO_INCREMENT, order_id int(11) NOT NULL, code varchar(32) NOT NULL,
  title varchar(255) NOT NULL, value decimal(15,4) NOT NULL DEFAULT 0.0000, sort_order int(3) NOT NULL,
  PRIMARY KEY (order_total_id), KEY order_id (order_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_order_history` (
  order_history_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) NOT NULL, order_status_id int(11) NOT NULL,
  notify tinyint(1) NOT NULL DEFAULT 0, comment text NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (order_history_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_order_voucher` (
  order_voucher_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) NOT NULL, voucher_id int(11) NOT NULL,
  description varchar(255) NOT NULL, code varchar(10) NOT NULL, from_name varchar(64) NOT NULL,
  from_email varchar(96) NOT NULL, to_name varchar(64) NOT NULL, to_email varchar(96) NOT NULL,
  voucher_theme_id int(11) NOT NULL, message text NOT NULL, amount decimal(15,4) NOT NULL,
  PRIMARY KEY (order_voucher_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_voucher` (
  voucher_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) NOT NULL, code varchar(10) NOT NULL,
  from_name varchar(64) NOT NULL, from_email varchar(96) NOT NULL, to_name varchar(64) NOT NULL,
  to_email varchar(96) NOT NULL, voucher_theme_id int(11) NOT NULL, message text NOT NULL,
  amount decimal(15,4) NOT NULL, status tinyint(1) NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (voucher_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_order_recurring` (
  order_recurring_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) NOT NULL, reference varchar(255) NOT NULL,
  product_id int(11) NOT NULL, product_name varchar(255) NOT NULL, product_quantity int(11) NOT NULL,
  recurring_id int(11) NOT NULL, recurring_name varchar(255) NOT NULL, recurring_description varchar(255) NOT NULL,
  recurring_frequency varchar(25) NOT NULL, recurring_cycle smallint(6) NOT NULL,
  recurring_duration smallint(6) NOT NULL, recurring_price decimal(10,4) NOT NULL, trial tinyint(1) NOT NULL,
  trial_frequency varchar(25) NOT NULL, trial_cycle smallint(6) NOT NULL, trial_duration smallint(6) NOT NULL,
  trial_price decimal(10,4) NOT NULL, status tinyint(4) NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (order_recurring_id)
) ENGINE=MyISAM;

-- Customers.

CREATE TABLE `oc_customer` (
  customer_id int(11) NOT NULL AUTO_INCREMENT, customer_group_id int(11) NOT NULL,
  store_id int(11) NOT NULL DEFAULT 0, language_id int(11) NOT NULL, firstname varchar(32) NOT NULL,
  lastname varchar(32) NOT NULL, email varchar(96) NOT NULL, telephone varchar(32) NOT NULL,
  fax varchar(32) NOT NULL, password varchar(40) NOT NULL, salt varchar(9) NOT NULL, cart text DEFAULT NULL,
  wishlist text DEFAULT NULL, newsletter tinyint(1) NOT NULL DEFAULT 0, address_id int(11) NOT NULL DEFAULT 0,
  custom_field text NOT NULL, ip varchar(40) NOT NULL, status tinyint(1) NOT NULL, approved tinyint(1) NOT NULL,
  safe tinyint(1) NOT NULL, token text NOT NULL, code varchar(40) NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (customer_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_address` (
  address_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) NOT NULL, firstname varchar(32) NOT NULL,
  lastname varchar(32) NOT NULL, company varchar(40) NOT NULL, address_1 varchar(128) NOT NULL,
  address_2 varchar(128) NOT NULL, city varchar(128) NOT NULL, postcode varchar(10) NOT NULL,
  country_id int(11) NOT NULL DEFAULT 0, zone_id int(11) NOT NULL DEFAULT 0, custom_field text NOT NULL,
  PRIMARY KEY (address_id), KEY customer_id (customer_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_customer_group` (
  customer_group_id int(11) NOT NULL AUTO_INCREMENT, approval int(1) NOT NULL, sort_order int(3) NOT NULL,
  PRIMARY KEY (customer_group_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_customer_group_description` (
  customer_group_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(32) NOT NULL,
  description text NOT NULL,
  PRIMARY KEY (customer_group_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_customer_reward` (
  customer_reward_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) NOT NULL DEFAULT 0,
  order_id int(11) NOT NULL DEFAULT 0, description text NOT NULL, points int(8) NOT NULL DEFAULT 0,
  date_added datetime NOT NULL,
  PRIMARY KEY (customer_reward_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_customer_transaction` (
  customer_transaction_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) NOT NULL, order_id int(11) NOT NULL,
  description text NOT NULL, amount decimal(15,4) NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (customer_transaction_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_custom_field` (
  custom_field_id int(11) NOT NULL AUTO_INCREMENT, type varchar(32) NOT NULL, value text NOT NULL,
  validation varchar(255) NOT NULL, location varchar(7) NOT NULL, status tinyint(1) NOT NULL,
  sort_order int(3) NOT NULL,
  PRIMARY KEY (custom_field_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_custom_field_customer_group` (
  custom_field_id int(11) NOT NULL, customer_group_id int(11) NOT NULL, required tinyint(1) NOT NULL,
  PRIMARY KEY (custom_field_id, customer_group_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_custom_field_description` (
  custom_field_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(128) NOT NULL,
  PRIMARY KEY (custom_field_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_custom_field_value` (
  custom_field_value_id int(11) NOT NULL AUTO_INCREMENT, custom_field_id int(11) NOT NULL,
  sort_order int(3) NOT NULL,
  PRIMARY KEY (custom_field_value_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_custom_field_value_description` (
  custom_field_value_id int(11) NOT NULL, language_id int(11) NOT NULL, custom_field_id int(11) NOT NULL,
  name varchar(128) NOT NULL,
  PRIMARY KEY (custom_field_value_id, language_id)
) ENGINE=MyISAM;

-- Products.

CREATE TABLE `oc_product` (
  product_id int(11) NOT NULL AUTO_INCREMENT, model varchar(64) NOT NULL, sku varchar(64) NOT NULL,
  upc varchar(12) NOT NULL, ean varchar(14) NOT NULL, jan varchar(13) NOT NULL, isbn varchar(17) NOT NULL,
  mpn varchar(64) NOT NULL, location varchar(128) NOT NULL, quantity int(4) NOT NULL DEFAULT 0,
  stock_status_id int(11) NOT NULL, image varchar(255) DEFAULT NULL, manufacturer_id int(11) NOT NULL,
  shipping tinyint(1) NOT NULL DEFAULT 1, price decimal(15,4) NOT NULL DEFAULT 0.0000,
  points int(8) NOT NULL DEFAULT 0, tax_class_id int(11) NOT NULL,
  date_available date NOT NULL DEFAULT '0000-00-00', weight decimal(15,8) NOT NULL DEFAULT 0.00000000,
  weight_class_id int(11) NOT NULL DEFAULT 0, length decimal(15,8) NOT NULL DEFAULT 0.00000000,
  width decimal(15,8) NOT NULL DEFAULT 0.00000000, height decimal(15,8) NOT NULL DEFAULT 0.00000000,
  length_class_id int(11) NOT NULL DEFAULT 0, subtract tinyint(1) NOT NULL DEFAULT 1,
  minimum int(11) NOT NULL DEFAULT 1, sort_order int(11) NOT NULL DEFAULT 0, status tinyint(1) NOT NULL DEFAULT 0,
  viewed int(5) NOT NULL DEFAULT 0, date_added datetime NOT NULL, date_modified datetime NOT NULL,
  PRIMARY KEY (product_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_description` (
  product_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(255) NOT NULL, description text NOT NULL,
  tag text NOT NULL, meta_title varchar(255) NOT NULL, meta_description varchar(255) NOT NULL,
  meta_keyword varchar(255) NOT NULL,
  PRIMARY KEY (product_id, language_id), KEY name (name)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_to_category` (
  product_id int(11) NOT NULL, category_id int(11) NOT NULL,
  PRIMARY KEY (product_id, category_id), KEY category_id (category_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_to_store` (
  product_id int(11) NOT NULL, store_id int(11) NOT NULL DEFAULT 0,
  PRIMARY KEY (product_id, store_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_to_layout` (
  product_id int(11) NOT NULL, store_id int(11) NOT NULL, layout_id int(11) NOT NULL,
  PRIMARY KEY (product_id, store_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_option` (
  product_option_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) NOT NULL, option_id int(11) NOT NULL,
  value text NOT NULL, required tinyint(1) NOT NULL,
  PRIMARY KEY (product_option_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_option_value` (
  product_option_value_id int(11) NOT NULL AUTO_INCREMENT, product_option_id int(11) NOT NULL,
  product_id int(11) NOT NULL, option_id int(11) NOT NULL, option_value_id int(11) NOT NULL,
  quantity int(3) NOT NULL, subtract tinyint(1) NOT NULL, price decimal(15,4) NOT NULL,
  price_prefix varchar(1) NOT NULL, points int(8) NOT NULL, points_prefix varchar(1) NOT NULL,
  weight decimal(15,8) NOT NULL, weight_prefix varchar(1) NOT NULL,
  PRIMARY KEY (product_option_value_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_special` (
  product_special_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) NOT NULL,
  customer_group_id int(11) NOT NULL, priority int(5) NOT NULL DEFAULT 1,
  price decimal(15,4) NOT NULL DEFAULT 0.0000, date_start date NOT NULL DEFAULT '0000-00-00',
  date_end date NOT NULL DEFAULT '0000-00-00',
  PRIMARY KEY (product_special_id), KEY product_id (product_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_discount` (
  product_discount_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) NOT NULL,
  customer_group_id int(11) NOT NULL, quantity int(4) NOT NULL DEFAULT 0, priority int(5) NOT NULL DEFAULT 1,
  price decimal(15,4) NOT NULL DEFAULT 0.0000, date_start date NOT NULL DEFAULT '0000-00-00',
  date_end date NOT NULL DEFAULT '0000-00-00',
  PRIMARY KEY (product_discount_id), KEY product_id (product_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_image` (
  product_image_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) NOT NULL, image varchar(255) DEFAULT NULL,
  sort_order int(3) NOT NULL DEFAULT 0,
  PRIMARY KEY (product_image_id), KEY product_id (product_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_attribute` (
  product_id int(11) NOT NULL, attribute_id int(11) NOT NULL, language_id int(11) NOT NULL, text text NOT NULL,
  PRIMARY KEY (product_id, attribute_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_related` (
  product_id int(11) NOT NULL, related_id int(11) NOT NULL,
  PRIMARY KEY (product_id, related_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_filter` (
  product_id int(11) NOT NULL, filter_id int(11) NOT NULL,
  PRIMARY KEY (product_id, filter_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_product_reward` (
  product_reward_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) NOT NULL DEFAULT 0,
  customer_group_id int(11) NOT NULL DEFAULT 0, points int(8) NOT NULL DEFAULT 0,
  PRIMARY KEY (product_reward_id)
) ENGINE=MyISAM;

-- Categories.

CREATE TABLE `oc_category` (
  category_id int(11) NOT NULL AUTO_INCREMENT, image varchar(255) DEFAULT NULL,
  parent_id int(11) NOT NULL DEFAULT 0, top tinyint(1) NOT NULL, `column` int(3) NOT NULL,
  sort_order int(3) NOT NULL DEFAULT 0, status tinyint(1) NOT NULL, date_added datetime NOT NULL,
  date_modified datetime NOT NULL,
  PRIMARY KEY (category_id), KEY parent_id (parent_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_category_description` (
  category_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(255) NOT NULL,
  description text NOT NULL, meta_title varchar(255) NOT NULL, meta_description varchar(255) NOT NULL,
  meta_keyword varchar(255) NOT NULL,
  PRIMARY KEY (category_id, language_id), KEY name (name)
) ENGINE=MyISAM;

CREATE TABLE `oc_category_path` (
  category_id int(11) NOT NULL, path_id int(11) NOT NULL, level int(11) NOT NULL,
  PRIMARY KEY (category_id, path_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_category_to_store` (
  category_id int(11) NOT NULL, store_id int(11) NOT NULL,
  PRIMARY KEY (category_id, store_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_category_to_layout` (
  category_id int(11) NOT NULL, store_id int(11) NOT NULL, layout_id int(11) NOT NULL,
  PRIMARY KEY (category_id, store_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_category_filter` (
  category_id int(11) NOT NULL, filter_id int(11) NOT NULL,
  PRIMARY KEY (category_id, filter_id)
) ENGINE=MyISAM;

-- What products refer to.

CREATE TABLE `oc_manufacturer` (
  manufacturer_id int(11) NOT NULL AUTO_INCREMENT, name varchar(64) NOT NULL, image varchar(255) DEFAULT NULL,
  sort_order int(3) NOT NULL,
  PRIMARY KEY (manufacturer_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_manufacturer_to_store` (
  manufacturer_id int(11) NOT NULL, store_id int(11) NOT NULL,
  PRIMARY KEY (manufacturer_id, store_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_option` (
  option_id int(11) NOT NULL AUTO_INCREMENT, type varchar(32) NOT NULL, sort_order int(3) NOT NULL,
  PRIMARY KEY (option_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_option_description` (
  option_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(128) NOT NULL,
  PRIMARY KEY (option_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_option_value` (
  option_value_id int(11) NOT NULL AUTO_INCREMENT, option_id int(11) NOT NULL, image varchar(255) NOT NULL,
  sort_order int(3) NOT NULL,
  PRIMARY KEY (option_value_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_option_value_description` (
  option_value_id int(11) NOT NULL, language_id int(11) NOT NULL, option_id int(11) NOT NULL,
  name varchar(128) NOT NULL,
  PRIMARY KEY (option_value_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_attribute` (
  attribute_id int(11) NOT NULL AUTO_INCREMENT, attribute_group_id int(11) NOT NULL, sort_order int(3) NOT NULL,
  PRIMARY KEY (attribute_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_attribute_description` (
  attribute_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(64) NOT NULL,
  PRIMARY KEY (attribute_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_attribute_group` (
  attribute_group_id int(11) NOT NULL AUTO_INCREMENT, sort_order int(3) NOT NULL,
  PRIMARY KEY (attribute_group_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_attribute_group_description` (
  attribute_group_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(64) NOT NULL,
  PRIMARY KEY (attribute_group_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_filter` (
  filter_id int(11) NOT NULL AUTO_INCREMENT, filter_group_id int(11) NOT NULL, sort_order int(3) NOT NULL,
  PRIMARY KEY (filter_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_filter_description` (
  filter_id int(11) NOT NULL, language_id int(11) NOT NULL, filter_group_id int(11) NOT NULL,
  name varchar(64) NOT NULL,
  PRIMARY KEY (filter_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_filter_group` (
  filter_group_id int(11) NOT NULL AUTO_INCREMENT, sort_order int(3) NOT NULL,
  PRIMARY KEY (filter_group_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_filter_group_description` (
  filter_group_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(64) NOT NULL,
  PRIMARY KEY (filter_group_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_stock_status` (
  stock_status_id int(11) NOT NULL AUTO_INCREMENT, language_id int(11) NOT NULL, name varchar(32) NOT NULL,
  PRIMARY KEY (stock_status_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_weight_class` (
  weight_class_id int(11) NOT NULL AUTO_INCREMENT, value decimal(15,8) NOT NULL DEFAULT 0.00000000,
  PRIMARY KEY (weight_class_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_weight_class_description` (
  weight_class_id int(11) NOT NULL, language_id int(11) NOT NULL, title varchar(32) NOT NULL,
  unit varchar(4) NOT NULL,
  PRIMARY KEY (weight_class_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_length_class` (
  length_class_id int(11) NOT NULL AUTO_INCREMENT, value decimal(15,8) NOT NULL,
  PRIMARY KEY (length_class_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_length_class_description` (
  length_class_id int(11) NOT NULL, language_id int(11) NOT NULL, title varchar(32) NOT NULL,
  unit varchar(4) NOT NULL,
  PRIMARY KEY (length_class_id, language_id)
) ENGINE=MyISAM;

-- Prices and taxes.

CREATE TABLE `oc_currency` (
  currency_id int(11) NOT NULL AUTO_INCREMENT, title varchar(32) NOT NULL, code varchar(3) NOT NULL,
  symbol_left varchar(12) NOT NULL, symbol_right varchar(12) NOT NULL, decimal_place char(1) NOT NULL,
  value float(15,8) NOT NULL, status tinyint(1) NOT NULL, date_modified datetime NOT NULL,
  PRIMARY KEY (currency_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_tax_class` (
  tax_class_id int(11) NOT NULL AUTO_INCREMENT, title varchar(32) NOT NULL, description varchar(255) NOT NULL,
  date_added datetime NOT NULL, date_modified datetime NOT NULL,
  PRIMARY KEY (tax_class_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_tax_rate` (
  tax_rate_id int(11) NOT NULL AUTO_INCREMENT, geo_zone_id int(11) NOT NULL DEFAULT 0, name varchar(32) NOT NULL,
  rate decimal(15,4) NOT NULL DEFAULT 0.0000, type char(1) NOT NULL, date_added datetime NOT NULL,
  date_modified datetime NOT NULL,
  PRIMARY KEY (tax_rate_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_tax_rate_to_customer_group` (
  tax_rate_id int(11) NOT NULL, customer_group_id int(11) NOT NULL,
  PRIMARY KEY (tax_rate_id, customer_group_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_tax_rule` (
  tax_rule_id int(11) NOT NULL AUTO_INCREMENT, tax_class_id int(11) NOT NULL, tax_rate_id int(11) NOT NULL,
  based varchar(10) NOT NULL, priority int(5) NOT NULL DEFAULT 1,
  PRIMARY KEY (tax_rule_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_geo_zone` (
  geo_zone_id int(11) NOT NULL AUTO_INCREMENT, name varchar(32) NOT NULL, description varchar(255) NOT NULL,
  date_modified datetime NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (geo_zone_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_zone_to_geo_zone` (
  zone_to_geo_zone_id int(11) NOT NULL AUTO_INCREMENT, country_id int(11) NOT NULL,
  zone_id int(11) NOT NULL DEFAULT 0, geo_zone_id int(11) NOT NULL, date_added datetime NOT NULL,
  date_modified datetime NOT NULL,
  PRIMARY KEY (zone_to_geo_zone_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_coupon` (
  coupon_id int(11) NOT NULL AUTO_INCREMENT, name varchar(128) NOT NULL, code varchar(20) NOT NULL,
  type char(1) NOT NULL, discount decimal(15,4) NOT NULL, logged tinyint(1) NOT NULL, shipping tinyint(1) NOT NULL,
  total decimal(15,4) NOT NULL, date_start date NOT NULL DEFAULT '0000-00-00',
  date_end date NOT NULL DEFAULT '0000-00-00', uses_total int(11) NOT NULL, uses_customer varchar(11) NOT NULL,
  status tinyint(1) NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (coupon_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_coupon_product` (
  coupon_product_id int(11) NOT NULL AUTO_INCREMENT, coupon_id int(11) NOT NULL, product_id int(11) NOT NULL,
  PRIMARY KEY (coupon_product_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_coupon_category` (
  coupon_id int(11) NOT NULL, category_id int(11) NOT NULL,
  PRIMARY KEY (coupon_id, category_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_coupon_history` (
  coupon_history_id int(11) NOT NULL AUTO_INCREMENT, coupon_id int(11) NOT NULL, order_id int(11) NOT NULL,
  customer_id int(11) NOT NULL, amount decimal(15,4) NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (coupon_history_id)
) ENGINE=MyISAM;

-- The shop itself.

CREATE TABLE `oc_store` (
  store_id int(11) NOT NULL AUTO_INCREMENT, name varchar(64) NOT NULL, url varchar(255) NOT NULL,
  `ssl` varchar(255) NOT NULL,
  PRIMARY KEY (store_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_setting` (
  setting_id int(11) NOT NULL AUTO_INCREMENT, store_id int(11) NOT NULL DEFAULT 0, code varchar(32) NOT NULL,
  `key` varchar(64) NOT NULL, value text NOT NULL, serialized tinyint(1) NOT NULL,
  PRIMARY KEY (setting_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_language` (
  language_id int(11) NOT NULL AUTO_INCREMENT, name varchar(32) NOT NULL, code varchar(5) NOT NULL,
  locale varchar(255) NOT NULL, image varchar(64) NOT NULL, directory varchar(32) NOT NULL,
  sort_order int(3) NOT NULL DEFAULT 0, status tinyint(1) NOT NULL,
  PRIMARY KEY (language_id), KEY name (name)
) ENGINE=MyISAM;

CREATE TABLE `oc_country` (
  country_id int(11) NOT NULL AUTO_INCREMENT, name varchar(128) NOT NULL, iso_code_2 varchar(2) NOT NULL,
  iso_code_3 varchar(3) NOT NULL, address_format text NOT NULL, postcode_required tinyint(1) NOT NULL,
  status tinyint(1) NOT NULL DEFAULT 1,
  PRIMARY KEY (country_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_zone` (
  zone_id int(11) NOT NULL AUTO_INCREMENT, country_id int(11) NOT NULL, name varchar(128) NOT NULL,
  code varchar(32) NOT NULL, status tinyint(1) NOT NULL DEFAULT 1,
  PRIMARY KEY (zone_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_order_status` (
  order_status_id int(11) NOT NULL AUTO_INCREMENT, language_id int(11) NOT NULL, name varchar(32) NOT NULL,
  PRIMARY KEY (order_status_id, language_id)
) ENGINE=MyISAM;

CREATE TABLE `oc_url_alias` (
  url_alias_id int(11) NOT NULL AUTO_INCREMENT, query varchar(255) NOT NULL, keyword varchar(255) NOT NULL,
  PRIMARY KEY (url_alias_id), KEY query (query), KEY keyword (keyword)
) ENGINE=MyISAM;

-- Noise: written all the time, of no meaning for documents.

CREATE TABLE `oc_cart` (
  cart_id int(11) unsigned NOT NULL AUTO_INCREMENT, api_id int(11) NOT NULL, customer_id int(11) NOT NULL,
  session_id varchar(32) NOT NULL, product_id int(11) NOT NULL, recurring_id int(11) NOT NULL,
  `option` text NOT NULL, quantity int(5) NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (cart_id), KEY cart_id (api_id, customer_id, session_id, product_id, recurring_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_customer_ip` (
  customer_ip_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) NOT NULL, ip varchar(40) NOT NULL,
  date_added datetime NOT NULL,
  PRIMARY KEY (customer_ip_id), KEY ip (ip)
) ENGINE=MyISAM;

CREATE TABLE `oc_customer_online` (
  ip varchar(40) NOT NULL, customer_id int(11) NOT NULL, url text NOT NULL, referer text NOT NULL,
  date_added datetime NOT NULL,
  PRIMARY KEY (ip)
) ENGINE=MyISAM;

CREATE TABLE `oc_upload` (
  upload_id int(11) NOT NULL AUTO_INCREMENT, name varchar(255) NOT NULL, filename varchar(255) NOT NULL,
  code varchar(255) NOT NULL, date_added datetime NOT NULL,
  PRIMARY KEY (upload_id)
) ENGINE=MyISAM;
