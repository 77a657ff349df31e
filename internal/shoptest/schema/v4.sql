-- The tables of an OpenCart 4.1.0.4 shop that octail or its simulated shopper touches:
-- InnoDB, nearly all columns nullable.
-- Column names, types, order and keys are those of the release. Load puts the prefix in
-- the place of oc_ and adds the character set.

-- Orders.

CREATE TABLE `oc_order` (
  order_id int(11) NOT NULL AUTO_INCREMENT, subscription_id int(11) DEFAULT 0, invoice_no int(11) DEFAULT 0,
  invoice_prefix varchar(26) DEFAULT NULL, transaction_id varchar(100) DEFAULT NULL,
  store_id int(11) DEFAULT 0, store_name varchar(64) DEFAULT NULL, store_url varchar(255) DEFAULT NULL,
  customer_id int(11) DEFAULT 0, customer_group_id int(11) DEFAULT 0, firstname varchar(32) DEFAULT NULL,
  lastname varchar(32) DEFAULT NULL, email varchar(96) DEFAULT NULL, telephone varchar(32) DEFAULT NULL,
  custom_field text DEFAULT NULL, payment_address_id int(11) DEFAULT 0,
  payment_firstname varchar(32) DEFAULT NULL, payment_lastname varchar(32) DEFAULT NULL,
  payment_company varchar(60) DEFAULT NULL, payment_address_1 varchar(128) DEFAULT NULL,
  payment_address_2 varchar(128) DEFAULT NULL, payment_city varchar(128) DEFAULT NULL,
  payment_postcode varchar(10) DEFAULT NULL, payment_country varchar(128) DEFAULT NULL,
  payment_country_id int(11) DEFAULT 0, payment_zone varchar(128) DEFAULT NULL,
  payment_zone_id int(11) DEFAULT 0, payment_address_format text DEFAULT NULL,
  payment_custom_field text DEFAULT NULL, payment_method text DEFAULT NULL,
  shipping_address_id int(11) DEFAULT NULL, shipping_firstname varchar(32) DEFAULT NULL,
  shipping_lastname varchar(32) DEFAULT NULL, shipping_company varchar(60) DEFAULT NULL,
  shipping_address_1 varchar(128) DEFAULT NULL, shipping_address_2 varchar(128) DEFAULT NULL,
  shipping_city varchar(128) DEFAULT NULL, shipping_postcode varchar(10) DEFAULT NULL,
  shipping_country varchar(128) DEFAULT NULL, shipping_country_id int(11) DEFAULT 0,
  shipping_zone varchar(128) DEFAULT NULL, shipping_zone_id int(11) DEFAULT 0,
  shipping_address_format text DEFAULT NULL, shipping_custom_field text DEFAULT NULL,
  shipping_method text DEFAULT NULL, comment text DEFAULT NULL, total decimal(15,4) DEFAULT 0.0000,
  order_status_id int(11) DEFAULT 0, affiliate_id int(11) DEFAULT 0, commission decimal(15,4) DEFAULT NULL,
  marketing_id int(11) DEFAULT 0, tracking varchar(64) DEFAULT NULL, language_id int(11) DEFAULT NULL,
  language_code varchar(5) DEFAULT NULL, currency_id int(11) DEFAULT NULL,
  currency_code varchar(3) DEFAULT NULL, currency_value decimal(15,8) DEFAULT 1.00000000,
  ip varchar(40) DEFAULT NULL, forwarded_ip varchar(40) DEFAULT NULL, user_agent varchar(255) DEFAULT NULL,
  accept_language varchar(255) DEFAULT NULL, date_added datetime DEFAULT NULL,
  date_modified datetime DEFAULT NULL,
  PRIMARY KEY (order_id), KEY email (email), KEY order_status_id (order_status_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_order_product` (
  order_product_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) DEFAULT NULL,
  product_id int(11) DEFAULT NULL, master_id int(11) DEFAULT 0, name varchar(255) DEFAULT NULL,
  model varchar(64) DEFAULT NULL, quantity int(4) DEFAULT 1, price decimal(15,4) DEFAULT 0.0000,
  total decimal(15,4) DEFAULT 0.0000, tax decimal(15,4) DEFAULT 0.0000, reward int(8) DEFAULT 0,
  PRIMARY KEY (order_product_id), KEY order_id (order_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_order_option` (
  order_option_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) DEFAULT NULL,
  order_product_id int(11) DEFAULT NULL, product_option_id int(11) DEFAULT NULL,
  product_option_value_id int(11) DEFAULT 0, name varchar(255) DEFAULT NULL, value text DEFAULT NULL,
  type varchar(32) DEFAULT NULL,
  PRIMARY KEY (order_option_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_order_total` (
  order_total_id int(10) NOT NULL AUTO_INCREMENT, order_id int(11) DEFAULT NULL,
  extension varchar(255) DEFAULT NULL, code varchar(32) DEFAULT NULL, title varchar(255) DEFAULT NULL,
  value decimal(15,4) DEFAULT 0.0000, sort_order int(3) DEFAULT 0,
  PRIMARY KEY (order_total_id), KEY order_id (order_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_order_history` (
  order_history_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) DEFAULT NULL,
  order_status_id int(11) DEFAULT 0, notify tinyint(1) DEFAULT 0, comment text DEFAULT NULL,
  date_added datetime DEFAULT NULL,
  PRIMARY KEY (order_history_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_order_subscription` (
  order_subscription_id int(11) NOT NULL AUTO_INCREMENT, order_product_id int(11) DEFAULT NULL,
  order_id int(11) DEFAULT NULL, product_id int(11) DEFAULT NULL, quantity int(4) DEFAULT 1,
  subscription_plan_id int(11) DEFAULT NULL, trial_price decimal(10,4) DEFAULT NULL,
  trial_tax decimal(15,4) DEFAULT NULL,
  trial_frequency enum('day','week','semi_month','month','year') DEFAULT NULL,
  trial_cycle smallint(6) DEFAULT NULL, trial_duration smallint(6) DEFAULT NULL,
  trial_status tinyint(1) DEFAULT 0, price decimal(10,4) DEFAULT NULL, tax decimal(15,4) DEFAULT NULL,
  frequency enum('day','week','semi_month','month','year') DEFAULT NULL, cycle smallint(6) DEFAULT 1,
  duration smallint(6) DEFAULT 0,
  PRIMARY KEY (order_subscription_id), KEY order_id (order_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_subscription` (
  subscription_id int(11) NOT NULL AUTO_INCREMENT, order_id int(11) DEFAULT 0, store_id int(11) DEFAULT 0,
  customer_id int(11) DEFAULT NULL, payment_address_id int(11) DEFAULT 0, payment_method text DEFAULT NULL,
  shipping_address_id int(11) DEFAULT 0, shipping_method text DEFAULT NULL,
  subscription_plan_id int(11) DEFAULT 0, trial_price decimal(10,4) DEFAULT NULL,
  trial_tax decimal(10,4) DEFAULT NULL,
  trial_frequency enum('day','week','semi_month','month','year') DEFAULT NULL,
  trial_cycle smallint(6) DEFAULT 0, trial_duration smallint(6) DEFAULT 0,
  trial_remaining smallint(6) DEFAULT 0, trial_status tinyint(1) DEFAULT 0, price decimal(10,4) DEFAULT NULL,
  tax decimal(10,4) DEFAULT NULL, frequency enum('day','week','semi_month','month','year') DEFAULT NULL,
  cycle smallint(6) DEFAULT 0, duration smallint(6) DEFAULT 0, remaining smallint(6) DEFAULT 0,
  date_next datetime DEFAULT NULL, comment text DEFAULT NULL, subscription_status_id int(11) DEFAULT 0,
  language varchar(5) DEFAULT NULL, currency varchar(3) DEFAULT NULL, date_added datetime DEFAULT NULL,
  date_modified datetime DEFAULT NULL,
  PRIMARY KEY (subscription_id), KEY order_id (order_id)
) ENGINE=InnoDB;

-- Customers.

CREATE TABLE `oc_customer` (
  customer_id int(11) NOT NULL AUTO_INCREMENT, customer_group_id int(11) DEFAULT 0,
  store_id int(11) DEFAULT 0, language_id int(11) DEFAULT 0, firstname varchar(32) DEFAULT NULL,
  lastname varchar(32) DEFAULT NULL, email varchar(96) DEFAULT NULL, telephone varchar(32) DEFAULT NULL,
  password varchar(255) DEFAULT NULL, custom_field text DEFAULT NULL, newsletter tinyint(1) DEFAULT 0,
  ip varchar(40) DEFAULT NULL, status tinyint(1) DEFAULT 0, safe tinyint(1) DEFAULT 0,
  commenter tinyint(1) DEFAULT 0, token text DEFAULT NULL, code varchar(40) DEFAULT NULL,
  date_added datetime DEFAULT NULL,
  PRIMARY KEY (customer_id), KEY email (email)
) ENGINE=InnoDB;

CREATE TABLE `oc_address` (
  address_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) DEFAULT NULL,
  firstname varchar(32) DEFAULT NULL, lastname varchar(32) DEFAULT NULL, company varchar(60) DEFAULT NULL,
  address_1 varchar(128) DEFAULT NULL, address_2 varchar(128) DEFAULT NULL, city varchar(128) DEFAULT NULL,
  postcode varchar(10) DEFAULT NULL, country_id int(11) DEFAULT 0, zone_id int(11) DEFAULT 0,
  custom_field text DEFAULT NULL, `default` tinyint(1) DEFAULT 0,
  PRIMARY KEY (address_id), KEY customer_id (customer_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_customer_approval` (
  customer_approval_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) DEFAULT NULL,
  type varchar(9) DEFAULT NULL, date_added datetime DEFAULT NULL,
  PRIMARY KEY (customer_approval_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_customer_group` (
  customer_group_id int(11) NOT NULL AUTO_INCREMENT, approval int(1) DEFAULT 0, sort_order int(3) DEFAULT 0,
  PRIMARY KEY (customer_group_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_customer_group_description` (
  customer_group_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(32) DEFAULT NULL,
  description text DEFAULT NULL,
  PRIMARY KEY (customer_group_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_customer_reward` (
  customer_reward_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) DEFAULT 0,
  order_id int(11) DEFAULT 0, description text DEFAULT NULL, points int(8) DEFAULT 0,
  date_added datetime DEFAULT NULL,
  PRIMARY KEY (customer_reward_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_customer_transaction` (
  customer_transaction_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) DEFAULT NULL,
  order_id int(11) DEFAULT 0, description text DEFAULT NULL, amount decimal(15,4) DEFAULT NULL,
  date_added datetime DEFAULT NULL,
  PRIMARY KEY (customer_transaction_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_custom_field` (
  custom_field_id int(11) NOT NULL AUTO_INCREMENT, type varchar(32) DEFAULT NULL, value text DEFAULT NULL,
  validation varchar(255) DEFAULT NULL, location varchar(10) DEFAULT NULL, status tinyint(1) DEFAULT 0,
  sort_order int(3) DEFAULT 0,
  PRIMARY KEY (custom_field_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_custom_field_customer_group` (
  custom_field_id int(11) NOT NULL, customer_group_id int(11) NOT NULL, required tinyint(1) DEFAULT 0,
  PRIMARY KEY (custom_field_id, customer_group_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_custom_field_description` (
  custom_field_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(128) DEFAULT NULL,
  PRIMARY KEY (custom_field_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_custom_field_value` (
  custom_field_value_id int(11) NOT NULL AUTO_INCREMENT, custom_field_id int(11) DEFAULT NULL,
  sort_order int(3) DEFAULT 0,
  PRIMARY KEY (custom_field_value_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_custom_field_value_description` (
  custom_field_value_id int(11) NOT NULL, language_id int(11) NOT NULL, custom_field_id int(11) DEFAULT NULL,
  name varchar(128) DEFAULT NULL,
  PRIMARY KEY (custom_field_value_id, language_id)
) ENGINE=InnoDB;

-- Products.

CREATE TABLE `oc_product` (
  product_id int(11) NOT NULL AUTO_INCREMENT, master_id int(11) DEFAULT 0, model varchar(64) DEFAULT NULL,
  location varchar(128) DEFAULT NULL, variant text DEFAULT (''), override text DEFAULT (''),
  quantity int(4) DEFAULT 0, stock_status_id int(11) DEFAULT 0, image varchar(255) DEFAULT NULL,
  manufacturer_id int(11) DEFAULT 0, shipping tinyint(1) DEFAULT 1, price decimal(15,4) DEFAULT 0.0000,
  points int(8) DEFAULT 0, tax_class_id int(11) DEFAULT 0, date_available date DEFAULT NULL,
  weight decimal(15,8) DEFAULT 0.00000000, weight_class_id int(11) DEFAULT 0,
  length decimal(15,8) DEFAULT 0.00000000, width decimal(15,8) DEFAULT 0.00000000,
  height decimal(15,8) DEFAULT 0.00000000, length_class_id int(11) DEFAULT 0, subtract tinyint(1) DEFAULT 1,
  minimum int(11) DEFAULT 1, rating int(1) DEFAULT 0, sort_order int(11) DEFAULT 0,
  status tinyint(1) DEFAULT 0, date_added datetime DEFAULT NULL, date_modified datetime DEFAULT NULL,
  PRIMARY KEY (product_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_description` (
  product_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(255) DEFAULT NULL,
  description mediumtext DEFAULT NULL, tag text DEFAULT NULL, meta_title varchar(255) DEFAULT NULL,
  meta_description varchar(255) DEFAULT NULL, meta_keyword varchar(255) DEFAULT NULL,
  PRIMARY KEY (product_id, language_id), KEY name (name)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_code` (
  product_code_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) DEFAULT NULL,
  code varchar(48) DEFAULT NULL, value varchar(255) DEFAULT NULL,
  PRIMARY KEY (product_code_id), KEY code (code), KEY product_id (product_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_to_category` (
  product_id int(11) NOT NULL, category_id int(11) NOT NULL,
  PRIMARY KEY (product_id, category_id), KEY category_id (category_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_to_store` (
  product_id int(11) NOT NULL, store_id int(11) NOT NULL DEFAULT 0,
  PRIMARY KEY (product_id, store_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_to_layout` (
  product_id int(11) NOT NULL, store_id int(11) NOT NULL DEFAULT 0, layout_id int(11) DEFAULT 0,
  PRIMARY KEY (product_id, store_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_option` (
  product_option_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) DEFAULT NULL,
  option_id int(11) DEFAULT NULL, value text DEFAULT NULL, required tinyint(1) DEFAULT 0,
  PRIMARY KEY (product_option_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_option_value` (
  product_option_value_id int(11) NOT NULL AUTO_INCREMENT, product_option_id int(11) DEFAULT NULL,
  product_id int(11) DEFAULT NULL, option_id int(11) DEFAULT NULL, option_value_id int(11) DEFAULT 0,
  quantity int(3) DEFAULT 0, subtract tinyint(1) DEFAULT 0, price decimal(15,4) DEFAULT NULL,
  price_prefix varchar(1) DEFAULT NULL, points int(8) DEFAULT 0, points_prefix varchar(1) DEFAULT NULL,
  weight decimal(15,8) DEFAULT NULL, weight_prefix varchar(1) DEFAULT NULL,
  PRIMARY KEY (product_option_value_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_discount` (
  product_discount_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) DEFAULT NULL,
  customer_group_id int(11) DEFAULT NULL, quantity int(4) DEFAULT 0, priority int(5) DEFAULT 1,
  price decimal(15,4) DEFAULT 0.0000, type char(1) DEFAULT 'P', special tinyint(1) DEFAULT 0,
  date_start date DEFAULT NULL, date_end date DEFAULT NULL,
  PRIMARY KEY (product_discount_id), KEY product_id (product_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_subscription` (
  product_id int(11) NOT NULL, subscription_plan_id int(11) NOT NULL, customer_group_id int(11) NOT NULL,
  trial_price decimal(10,4) DEFAULT NULL, price decimal(10,4) DEFAULT NULL,
  PRIMARY KEY (product_id, subscription_plan_id, customer_group_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_image` (
  product_image_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) DEFAULT NULL,
  image varchar(255) DEFAULT NULL, sort_order int(3) DEFAULT 0,
  PRIMARY KEY (product_image_id), KEY product_id (product_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_attribute` (
  product_id int(11) NOT NULL, attribute_id int(11) NOT NULL, language_id int(11) NOT NULL,
  text text DEFAULT NULL,
  PRIMARY KEY (product_id, attribute_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_related` (
  product_id int(11) NOT NULL, related_id int(11) NOT NULL,
  PRIMARY KEY (product_id, related_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_filter` (
  product_id int(11) NOT NULL, filter_id int(11) NOT NULL,
  PRIMARY KEY (product_id, filter_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_product_reward` (
  product_reward_id int(11) NOT NULL AUTO_INCREMENT, product_id int(11) DEFAULT 0,
  customer_group_id int(11) DEFAULT 0, points int(8) DEFAULT 0,
  PRIMARY KEY (product_reward_id)
) ENGINE=InnoDB;

-- Categories.

CREATE TABLE `oc_category` (
  category_id int(11) NOT NULL AUTO_INCREMENT, image varchar(255) DEFAULT NULL, parent_id int(11) DEFAULT 0,
  sort_order int(3) DEFAULT 0, status tinyint(1) DEFAULT 0,
  PRIMARY KEY (category_id), KEY parent_id (parent_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_category_description` (
  category_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(255) DEFAULT NULL,
  description mediumtext DEFAULT NULL, meta_title varchar(255) DEFAULT NULL,
  meta_description varchar(255) DEFAULT NULL, meta_keyword varchar(255) DEFAULT NULL,
  PRIMARY KEY (category_id, language_id), KEY name (name)
) ENGINE=InnoDB;

CREATE TABLE `oc_category_path` (
  category_id int(11) NOT NULL, path_id int(11) NOT NULL, level int(11) DEFAULT NULL,
  PRIMARY KEY (category_id, path_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_category_to_store` (
  category_id int(11) NOT NULL, store_id int(11) NOT NULL DEFAULT 0,
  PRIMARY KEY (category_id, store_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_category_to_layout` (
  category_id int(11) NOT NULL, store_id int(11) NOT NULL DEFAULT 0, layout_id int(11) DEFAULT 0,
  PRIMARY KEY (category_id, store_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_category_filter` (
  category_id int(11) NOT NULL, filter_id int(11) NOT NULL,
  PRIMARY KEY (category_id, filter_id)
) ENGINE=InnoDB;

-- What products refer to.

CREATE TABLE `oc_manufacturer` (
  manufacturer_id int(11) NOT NULL AUTO_INCREMENT, name varchar(64) DEFAULT NULL,
  image varchar(255) DEFAULT NULL, sort_order int(3) DEFAULT 0,
  PRIMARY KEY (manufacturer_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_manufacturer_to_store` (
  manufacturer_id int(11) NOT NULL, store_id int(11) NOT NULL DEFAULT 0,
  PRIMARY KEY (manufacturer_id, store_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_option` (
  option_id int(11) NOT NULL AUTO_INCREMENT, type varchar(32) DEFAULT NULL,
  validation varchar(255) DEFAULT NULL, sort_order int(3) DEFAULT 0,
  PRIMARY KEY (option_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_option_description` (
  option_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(128) DEFAULT NULL,
  PRIMARY KEY (option_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_option_value` (
  option_value_id int(11) NOT NULL AUTO_INCREMENT, option_id int(11) DEFAULT NULL,
  image varchar(255) DEFAULT NULL, sort_order int(3) DEFAULT 0,
  PRIMARY KEY (option_value_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_option_value_description` (
  option_value_id int(11) NOT NULL, language_id int(11) NOT NULL, option_id int(11) DEFAULT NULL,
  name varchar(128) DEFAULT NULL,
  PRIMARY KEY (option_value_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_attribute` (
  attribute_id int(11) NOT NULL AUTO_INCREMENT, attribute_group_id int(11) DEFAULT 0,
  sort_order int(3) DEFAULT 0,
  PRIMARY KEY (attribute_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_attribute_description` (
  attribute_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(64) DEFAULT NULL,
  PRIMARY KEY (attribute_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_attribute_group` (
  attribute_group_id int(11) NOT NULL AUTO_INCREMENT, sort_order int(3) DEFAULT 0,
  PRIMARY KEY (attribute_group_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_attribute_group_description` (
  attribute_group_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(64) DEFAULT NULL,
  PRIMARY KEY (attribute_group_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_filter` (
  filter_id int(11) NOT NULL AUTO_INCREMENT, filter_group_id int(11) DEFAULT NULL,
  sort_order int(3) DEFAULT 0,
  PRIMARY KEY (filter_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_filter_description` (
  filter_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(64) DEFAULT NULL,
  PRIMARY KEY (filter_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_filter_group` (
  filter_group_id int(11) NOT NULL AUTO_INCREMENT, sort_order int(3) DEFAULT 0,
  PRIMARY KEY (filter_group_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_filter_group_description` (
  filter_group_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(64) DEFAULT NULL,
  PRIMARY KEY (filter_group_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_identifier` (
  identifier_id int(11) NOT NULL AUTO_INCREMENT, name varchar(64) DEFAULT NULL, code varchar(48) DEFAULT NULL,
  validation varchar(255) DEFAULT NULL, status tinyint(1) DEFAULT 0,
  PRIMARY KEY (identifier_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_stock_status` (
  stock_status_id int(11) NOT NULL AUTO_INCREMENT, language_id int(11) NOT NULL,
  name varchar(32) DEFAULT NULL,
  PRIMARY KEY (stock_status_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_weight_class` (
  weight_class_id int(11) NOT NULL AUTO_INCREMENT, value decimal(15,8) DEFAULT 0.00000000,
  PRIMARY KEY (weight_class_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_weight_class_description` (
  weight_class_id int(11) NOT NULL, language_id int(11) NOT NULL, title varchar(32) DEFAULT NULL,
  unit varchar(4) DEFAULT NULL,
  PRIMARY KEY (weight_class_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_length_class` (
  length_class_id int(11) NOT NULL AUTO_INCREMENT, value decimal(15,8) DEFAULT NULL,
  PRIMARY KEY (length_class_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_length_class_description` (
  length_class_id int(11) NOT NULL, language_id int(11) NOT NULL, title varchar(32) DEFAULT NULL,
  unit varchar(4) DEFAULT NULL,
  PRIMARY KEY (length_class_id, language_id)
) ENGINE=InnoDB;

-- Prices and taxes.

CREATE TABLE `oc_currency` (
  currency_id int(11) NOT NULL AUTO_INCREMENT, title varchar(32) DEFAULT NULL, code varchar(3) DEFAULT NULL,
  symbol_left varchar(12) DEFAULT NULL, symbol_right varchar(12) DEFAULT NULL, decimal_place int(1) DEFAULT 2,
  value double(15,8) DEFAULT NULL, status tinyint(1) DEFAULT 0, date_modified datetime DEFAULT NULL,
  PRIMARY KEY (currency_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_tax_class` (
  tax_class_id int(11) NOT NULL AUTO_INCREMENT, title varchar(32) DEFAULT NULL,
  description varchar(255) DEFAULT NULL,
  PRIMARY KEY (tax_class_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_tax_rate` (
  tax_rate_id int(11) NOT NULL AUTO_INCREMENT, geo_zone_id int(11) DEFAULT 0, name varchar(32) DEFAULT NULL,
  rate decimal(15,4) DEFAULT 0.0000, type char(1) DEFAULT NULL,
  PRIMARY KEY (tax_rate_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_tax_rate_to_customer_group` (
  tax_rate_id int(11) NOT NULL, customer_group_id int(11) NOT NULL,
  PRIMARY KEY (tax_rate_id, customer_group_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_tax_rule` (
  tax_rule_id int(11) NOT NULL AUTO_INCREMENT, tax_class_id int(11) DEFAULT NULL,
  tax_rate_id int(11) DEFAULT NULL, based varchar(10) DEFAULT NULL, priority int(5) DEFAULT 1,
  PRIMARY KEY (tax_rule_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_geo_zone` (
  geo_zone_id int(11) NOT NULL AUTO_INCREMENT, name varchar(32) DEFAULT NULL,
  description varchar(255) DEFAULT NULL,
  PRIMARY KEY (geo_zone_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_zone_to_geo_zone` (
  zone_to_geo_zone_id int(11) NOT NULL AUTO_INCREMENT, geo_zone_id int(11) DEFAULT NULL,
  country_id int(11) DEFAULT NULL, zone_id int(11) DEFAULT 0,
  PRIMARY KEY (zone_to_geo_zone_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_coupon` (
  coupon_id int(11) NOT NULL AUTO_INCREMENT, name varchar(128) DEFAULT NULL, code varchar(20) DEFAULT NULL,
  type char(1) DEFAULT NULL, discount decimal(15,4) DEFAULT NULL, logged tinyint(1) DEFAULT 0,
  shipping tinyint(1) DEFAULT 0, total decimal(15,4) DEFAULT NULL, date_start date DEFAULT NULL,
  date_end date DEFAULT NULL, uses_total int(11) DEFAULT 0, uses_customer int(11) DEFAULT 0,
  status tinyint(1) DEFAULT 0, date_added datetime DEFAULT NULL,
  PRIMARY KEY (coupon_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_coupon_product` (
  coupon_product_id int(11) NOT NULL AUTO_INCREMENT, coupon_id int(11) DEFAULT NULL,
  product_id int(11) DEFAULT NULL,
  PRIMARY KEY (coupon_product_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_coupon_category` (
  coupon_id int(11) NOT NULL, category_id int(11) NOT NULL,
  PRIMARY KEY (coupon_id, category_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_coupon_history` (
  coupon_history_id int(11) NOT NULL AUTO_INCREMENT, coupon_id int(11) DEFAULT NULL,
  order_id int(11) DEFAULT 0, customer_id int(11) DEFAULT 0, amount decimal(15,4) DEFAULT NULL,
  date_added datetime DEFAULT NULL,
  PRIMARY KEY (coupon_history_id)
) ENGINE=InnoDB;

-- The shop itself.

CREATE TABLE `oc_store` (
  store_id int(11) NOT NULL AUTO_INCREMENT, name varchar(64) DEFAULT NULL, url varchar(255) DEFAULT NULL,
  PRIMARY KEY (store_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_setting` (
  setting_id int(11) NOT NULL AUTO_INCREMENT, store_id int(11) DEFAULT 0, code varchar(128) DEFAULT NULL,
  `key` varchar(128) DEFAULT NULL, value mediumtext DEFAULT NULL, serialized tinyint(1) DEFAULT 0,
  PRIMARY KEY (setting_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_language` (
  language_id int(11) NOT NULL AUTO_INCREMENT, name varchar(32) DEFAULT NULL, code varchar(5) DEFAULT NULL,
  locale varchar(255) DEFAULT NULL, extension varchar(255) DEFAULT NULL, sort_order int(3) DEFAULT 0,
  status tinyint(1) DEFAULT 0,
  PRIMARY KEY (language_id), KEY name (name)
) ENGINE=InnoDB;

CREATE TABLE `oc_country` (
  country_id int(11) NOT NULL AUTO_INCREMENT, iso_code_2 varchar(2) DEFAULT NULL,
  iso_code_3 varchar(3) DEFAULT NULL, address_format_id int(11) DEFAULT 0,
  postcode_required tinyint(1) DEFAULT NULL, status tinyint(1) DEFAULT 1,
  PRIMARY KEY (country_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_country_description` (
  country_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(255) DEFAULT NULL,
  PRIMARY KEY (country_id, language_id), KEY name (name)
) ENGINE=InnoDB;

CREATE TABLE `oc_zone` (
  zone_id int(11) NOT NULL AUTO_INCREMENT, country_id int(11) DEFAULT NULL, code varchar(32) DEFAULT NULL,
  status tinyint(1) DEFAULT 1,
  PRIMARY KEY (zone_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_zone_description` (
  zone_id int(11) NOT NULL, language_id int(11) NOT NULL, name varchar(255) DEFAULT NULL,
  PRIMARY KEY (zone_id, language_id), KEY name (name)
) ENGINE=InnoDB;

CREATE TABLE `oc_order_status` (
  order_status_id int(11) NOT NULL AUTO_INCREMENT, language_id int(11) NOT NULL,
  name varchar(32) DEFAULT NULL,
  PRIMARY KEY (order_status_id, language_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_seo_url` (
  seo_url_id int(11) NOT NULL AUTO_INCREMENT, store_id int(11) DEFAULT 0, language_id int(11) DEFAULT NULL,
  `key` varchar(64) DEFAULT NULL, value varchar(255) DEFAULT NULL, keyword varchar(768) DEFAULT NULL,
  sort_order int(3) DEFAULT 0,
  PRIMARY KEY (seo_url_id), KEY store (store_id), KEY language (language_id), KEY keyword (keyword), KEY query (`key`, value)
) ENGINE=InnoDB;

-- Noise: written all the time, of no meaning for documents.

CREATE TABLE `oc_session` (
  session_id varchar(32) NOT NULL, data mediumtext DEFAULT NULL, expire datetime DEFAULT NULL,
  PRIMARY KEY (session_id), KEY expire (expire)
) ENGINE=InnoDB;

CREATE TABLE `oc_cart` (
  cart_id int(11) NOT NULL AUTO_INCREMENT, store_id int(11) DEFAULT 0, customer_id int(11) DEFAULT 0,
  session_id varchar(32) DEFAULT NULL, product_id int(11) DEFAULT NULL,
  subscription_plan_id int(11) DEFAULT 0, `option` text DEFAULT NULL, quantity int(5) DEFAULT NULL,
  override text DEFAULT NULL, price decimal(15,4) DEFAULT NULL, date_added datetime DEFAULT NULL,
  PRIMARY KEY (cart_id), KEY cart_id (customer_id, session_id, product_id, subscription_plan_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_customer_ip` (
  customer_ip_id int(11) NOT NULL AUTO_INCREMENT, customer_id int(11) DEFAULT NULL,
  store_id int(11) DEFAULT 0, ip varchar(40) DEFAULT NULL, country varchar(2) DEFAULT NULL,
  date_added datetime DEFAULT NULL,
  PRIMARY KEY (customer_ip_id), KEY ip (ip)
) ENGINE=InnoDB;

CREATE TABLE `oc_customer_online` (
  ip varchar(40) NOT NULL, customer_id int(11) DEFAULT 0, url text DEFAULT NULL, referer text DEFAULT NULL,
  date_added datetime DEFAULT NULL,
  PRIMARY KEY (ip)
) ENGINE=InnoDB;

CREATE TABLE `oc_statistics` (
  statistics_id int(11) NOT NULL AUTO_INCREMENT, code varchar(64) DEFAULT NULL,
  value decimal(15,4) DEFAULT NULL,
  PRIMARY KEY (statistics_id)
) ENGINE=InnoDB;

CREATE TABLE `oc_upload` (
  upload_id int(11) NOT NULL AUTO_INCREMENT, name varchar(255) DEFAULT NULL,
  filename varchar(255) DEFAULT NULL, code varchar(255) DEFAULT NULL, date_added datetime DEFAULT NULL,
  PRIMARY KEY (upload_id)
) ENGINE=InnoDB;
