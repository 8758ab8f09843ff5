CREATE TABLE smart_charge_version (
	version INTEGER NOT NULL,
	PRIMARY KEY (version)
);
INSERT INTO smart_charge_version VALUES(3);
CREATE TABLE outlets (
	id INTEGER NOT NULL,
	site VARCHAR(64) NOT NULL,
	charge_point VARCHAR(255) NOT NULL,
	connector INTEGER NOT NULL,
	public_id VARCHAR(255),
	rated_w INTEGER,
	is_dc BOOLEAN NOT NULL,
	operational_at BIGINT,
	PRIMARY KEY (id),
	UNIQUE (site, charge_point, connector)
);
INSERT INTO outlets VALUES(1,'64d201499123d85aba105d6158c8a471','01GARAGE',1,NULL,NULL,0,NULL);
CREATE TABLE security_log (
	site VARCHAR(64) NOT NULL,
	number BIGINT NOT NULL,
	event_id VARCHAR(36) NOT NULL,
	at BIGINT NOT NULL,
	kind VARCHAR(64) NOT NULL,
	detail TEXT NOT NULL,
	previous VARCHAR(64) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	PRIMARY KEY (site, number),
	UNIQUE (site, event_id)
);
INSERT INTO security_log VALUES('64d201499123d85aba105d6158c8a471',1,'b742cfd0-06e4-4c40-9abd-c4ebe6ee97bd',1795456800000000,'charge_point_added','{"charge_point":"01GARAGE","protocol":"modbus"}','0000000000000000000000000000000000000000000000000000000000000000','fa1a40d8046d02c748cfefdcd780647c75469f6b239a0d4c99a0b63e0861de41');
CREATE TABLE security_heads (
	site VARCHAR(64) NOT NULL,
	first_number BIGINT NOT NULL,
	number BIGINT NOT NULL,
	digest VARCHAR(64) NOT NULL,
	size BIGINT NOT NULL,
	PRIMARY KEY (site)
);
INSERT INTO security_heads VALUES('64d201499123d85aba105d6158c8a471',1,1,'fa1a40d8046d02c748cfefdcd780647c75469f6b239a0d4c99a0b63e0861de41',47);
CREATE TABLE sales (
	site VARCHAR(64) NOT NULL,
	number BIGINT NOT NULL,
	entry_id VARCHAR(36) NOT NULL,
	recorded_at BIGINT NOT NULL,
	sold_on DATE NOT NULL,
	model VARCHAR(255) NOT NULL,
	serial VARCHAR(255) NOT NULL,
	buyer VARCHAR(255) NOT NULL,
	address VARCHAR(255) NOT NULL,
	note VARCHAR(255) NOT NULL,
	corrects BIGINT,
	PRIMARY KEY (site, number),
	UNIQUE (site, entry_id)
);
CREATE TABLE reports (
	site VARCHAR(64) NOT NULL,
	quarter VARCHAR(7) NOT NULL,
	written_at BIGINT NOT NULL,
	file_name VARCHAR(255) NOT NULL,
	digest VARCHAR(64) NOT NULL,
	PRIMARY KEY (site, quarter)
);
CREATE TABLE sessions (
	outlet_id INTEGER NOT NULL,
	plugged_in_at BIGINT NOT NULL,
	seen_at BIGINT NOT NULL,
	charge_started_at BIGINT,
	charge_ended_at BIGINT,
	unplugged_at BIGINT,
	is_open BOOLEAN NOT NULL,
	import_wh BIGINT NOT NULL,
	export_wh BIGINT NOT NULL,
	charging_s BIGINT NOT NULL,
	cost BIGINT,
	is_metered BOOLEAN NOT NULL,
	integrated_wh BIGINT,
	interruptions INTEGER NOT NULL,
	is_recovered BOOLEAN DEFAULT 0 NOT NULL,
	tag VARCHAR(255),
	who VARCHAR(255),
	PRIMARY KEY (outlet_id, plugged_in_at),
	FOREIGN KEY(outlet_id) REFERENCES outlets (id)) WITHOUT ROWID;
INSERT INTO sessions VALUES(1,1795456800000000,1795458720000000,1795456800000000,NULL,NULL,1,3200,0,1920,NULL,1,NULL,0,0,NULL,NULL);
CREATE TABLE half_hours (
	outlet_id INTEGER NOT NULL,
	starts_at BIGINT NOT NULL,
	import_wh BIGINT NOT NULL,
	export_wh BIGINT NOT NULL,
	charging_s BIGINT NOT NULL,
	cost_micro BIGINT NOT NULL,
	is_spread BOOLEAN NOT NULL,
	PRIMARY KEY (outlet_id, starts_at),
	FOREIGN KEY(outlet_id) REFERENCES outlets (id)) WITHOUT ROWID;
INSERT INTO sessions VALUES(1,1795446000000000,1795449600000000,1795446000000000,1795449600000000,1795449600000000,0,7000,0,3600,1400000,1,NULL,0,0,'04A1','Anna');
INSERT INTO half_hours VALUES(1,1795446000000000,3500,0,1800,700000,0);
INSERT INTO half_hours VALUES(1,1795447800000000,3500,0,1800,700000,0);
INSERT INTO half_hours VALUES(1,1795456800000000,3000,0,1800,0,0);
INSERT INTO half_hours VALUES(1,1795458600000000,200,0,120,0,0);
CREATE TABLE decisions (
	outlet_id INTEGER NOT NULL,
	at BIGINT NOT NULL,
	setpoint_ma INTEGER NOT NULL,
	reason VARCHAR(64) NOT NULL,
	source VARCHAR(64) NOT NULL,
	lifted_by VARCHAR(64),
	until_at BIGINT,
	event_id VARCHAR(64),
	PRIMARY KEY (outlet_id, at),
	FOREIGN KEY(outlet_id) REFERENCES outlets (id)) WITHOUT ROWID;
INSERT INTO decisions VALUES(1,1795456800000000,32000,'charging_now','charge_point_rating','charge_now',NULL,NULL);
CREATE TABLE dsr_events (
	outlet_id INTEGER NOT NULL,
	event_id VARCHAR(64) NOT NULL,
	announced_at BIGINT NOT NULL,
	kind VARCHAR(16) NOT NULL,
	source VARCHAR(255),
	start_at BIGINT NOT NULL,
	end_at BIGINT NOT NULL,
	limit_ma BIGINT,
	limit_mw BIGINT,
	delay_already_applied BOOLEAN NOT NULL,
	began_at BIGINT,
	ended_at BIGINT,
	opted_out_at BIGINT,
	is_overridden BOOLEAN NOT NULL,
	setpoint_ma BIGINT,
	taken_wh BIGINT NOT NULL,
	expected_wh BIGINT NOT NULL,
	unwatched_s BIGINT NOT NULL,
	PRIMARY KEY (outlet_id, event_id, announced_at),
	FOREIGN KEY(outlet_id) REFERENCES outlets (id)) WITHOUT ROWID;
CREATE TABLE availability (
	outlet_id INTEGER NOT NULL,
	began_at BIGINT NOT NULL,
	ended_at BIGINT NOT NULL,
	state VARCHAR(16) NOT NULL,
	PRIMARY KEY (outlet_id, began_at),
	FOREIGN KEY(outlet_id) REFERENCES outlets (id)) WITHOUT ROWID;
INSERT INTO availability VALUES(1,1795456800000000,1795458780000000,'serviceable');
CREATE INDEX sessions_by_plug_in ON sessions (plugged_in_at);
