CREATE SCHEMA smart_charge;
CREATE TABLE smart_charge.availability (
    outlet_id integer NOT NULL,
    began_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    state character varying(16) NOT NULL
);
CREATE TABLE smart_charge.decisions (
    outlet_id integer NOT NULL,
    at timestamp with time zone NOT NULL,
    setpoint_ma integer NOT NULL,
    reason character varying(64) NOT NULL,
    source character varying(64) NOT NULL,
    lifted_by character varying(64),
    until_at timestamp with time zone,
    event_id character varying(64)
);
CREATE TABLE smart_charge.dsr_events (
    outlet_id integer NOT NULL,
    event_id character varying(64) NOT NULL,
    announced_at timestamp with time zone NOT NULL,
    kind character varying(16) NOT NULL,
    source character varying(255),
    start_at timestamp with time zone NOT NULL,
    end_at timestamp with time zone NOT NULL,
    limit_ma bigint,
    limit_mw bigint,
    delay_already_applied boolean NOT NULL,
    began_at timestamp with time zone,
    ended_at timestamp with time zone,
    opted_out_at timestamp with time zone,
    is_overridden boolean NOT NULL,
    setpoint_ma bigint,
    taken_wh bigint NOT NULL,
    expected_wh bigint NOT NULL,
    unwatched_s bigint NOT NULL
);
CREATE TABLE smart_charge.half_hours (
    outlet_id integer NOT NULL,
    starts_at timestamp with time zone NOT NULL,
    import_wh bigint NOT NULL,
    export_wh bigint NOT NULL,
    charging_s bigint NOT NULL,
    cost_micro bigint NOT NULL,
    priced_wh bigint DEFAULT 0 NOT NULL,
    is_spread boolean NOT NULL
);
CREATE TABLE smart_charge.outlets (
    id integer NOT NULL,
    site character varying(64) NOT NULL,
    charge_point character varying(255) NOT NULL,
    connector integer NOT NULL,
    public_id character varying(255),
    rated_w integer,
    is_dc boolean NOT NULL,
    operational_at timestamp with time zone
);
CREATE SEQUENCE smart_charge.outlets_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE smart_charge.outlets_id_seq OWNED BY smart_charge.outlets.id;
CREATE TABLE smart_charge.reports (
    site character varying(64) NOT NULL,
    quarter character varying(7) NOT NULL,
    written_at timestamp with time zone NOT NULL,
    file_name character varying(255) NOT NULL,
    digest character varying(64) NOT NULL
);
CREATE TABLE smart_charge.sales (
    site character varying(64) NOT NULL,
    number bigint NOT NULL,
    entry_id character varying(36) NOT NULL,
    recorded_at timestamp with time zone NOT NULL,
    sold_on date NOT NULL,
    model character varying(255) NOT NULL,
    serial character varying(255) NOT NULL,
    buyer character varying(255) NOT NULL,
    address character varying(255) NOT NULL,
    note character varying(255) NOT NULL,
    corrects bigint
);
CREATE TABLE smart_charge.security_heads (
    site character varying(64) NOT NULL,
    first_number bigint NOT NULL,
    number bigint NOT NULL,
    digest character varying(64) NOT NULL,
    size bigint NOT NULL
);
CREATE TABLE smart_charge.security_log (
    site character varying(64) NOT NULL,
    number bigint NOT NULL,
    event_id character varying(36) NOT NULL,
    at timestamp with time zone NOT NULL,
    kind character varying(64) NOT NULL,
    detail text NOT NULL,
    previous character varying(64) NOT NULL,
    digest character varying(64) NOT NULL
);
CREATE TABLE smart_charge.sessions (
    outlet_id integer NOT NULL,
    plugged_in_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    charge_started_at timestamp with time zone,
    charge_ended_at timestamp with time zone,
    unplugged_at timestamp with time zone,
    is_open boolean NOT NULL,
    import_wh bigint NOT NULL,
    export_wh bigint NOT NULL,
    charging_s bigint NOT NULL,
    cost bigint,
    priced_wh bigint DEFAULT 0 NOT NULL,
    is_metered boolean NOT NULL,
    integrated_wh bigint,
    compared_wh bigint,
    doubt_wh bigint,
    interruptions integer NOT NULL,
    is_recovered boolean DEFAULT false NOT NULL,
    tag character varying(255),
    who character varying(255)
);
CREATE TABLE smart_charge.smart_charge_place (
    id character varying(32) NOT NULL
);
CREATE TABLE smart_charge.smart_charge_version (
    version integer NOT NULL
);
CREATE SEQUENCE smart_charge.smart_charge_version_version_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE smart_charge.smart_charge_version_version_seq OWNED BY smart_charge.smart_charge_version.version;
ALTER TABLE ONLY smart_charge.outlets ALTER COLUMN id SET DEFAULT nextval('smart_charge.outlets_id_seq'::regclass);
ALTER TABLE ONLY smart_charge.smart_charge_version ALTER COLUMN version SET DEFAULT nextval('smart_charge.smart_charge_version_version_seq'::regclass);
INSERT INTO smart_charge.availability VALUES (1, '2026-10-24 12:00:00+00', '2026-10-24 12:06:00+00', 'serviceable');
INSERT INTO smart_charge.availability VALUES (1, '2026-10-24 12:06:00+00', '2026-10-24 12:06:00+00', 'faulted');
INSERT INTO smart_charge.availability VALUES (2, '2026-10-24 12:00:00+00', '2026-10-24 12:06:00+00', 'serviceable');
INSERT INTO smart_charge.availability VALUES (2, '2026-10-24 12:06:00+00', '2026-10-24 12:06:00+00', 'faulted');
INSERT INTO smart_charge.decisions VALUES (1, '2026-10-24 12:00:00+00', 16000, 'charge', 'supply', NULL, '2026-10-24 13:00:00+00', NULL);
INSERT INTO smart_charge.decisions VALUES (1, '2026-10-24 13:00:00+00', 0, 'default_hours', 'default_hours', NULL, NULL, NULL);
INSERT INTO smart_charge.decisions VALUES (2, '2026-10-24 12:00:00+00', 16000, 'charge', 'supply', NULL, '2026-10-24 13:00:00+00', NULL);
INSERT INTO smart_charge.decisions VALUES (2, '2026-10-24 13:00:00+00', 0, 'default_hours', 'default_hours', NULL, NULL, NULL);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-24 12:00:00+00', 2268, 0, 1620, 567039, 2268, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-24 12:30:00+00', 2346, 0, 1676, 586592, 2346, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-24 13:00:00+00', 2346, 0, 1676, 586592, 2346, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-24 13:30:00+00', 2347, 0, 1676, 586592, 2347, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-24 14:00:00+00', 2346, 0, 1676, 586592, 2346, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-24 14:30:00+00', 2347, 0, 1676, 586593, 2347, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-25 08:00:00+00', 1830, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-25 08:30:00+00', 1830, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-25 09:00:00+00', 1830, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-25 09:30:00+00', 1831, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-25 18:00:00+00', 617, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (1, '2026-10-25 18:30:00+00', 617, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-24 12:00:00+00', 2268, 0, 1620, 567039, 2268, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-24 12:30:00+00', 2346, 0, 1676, 586592, 2346, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-24 13:00:00+00', 2346, 0, 1676, 586592, 2346, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-24 13:30:00+00', 2347, 0, 1676, 586592, 2347, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-24 14:00:00+00', 2346, 0, 1676, 586592, 2346, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-24 14:30:00+00', 2347, 0, 1676, 586593, 2347, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-25 08:00:00+00', 1830, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-25 08:30:00+00', 1830, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-25 09:00:00+00', 1830, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-25 09:30:00+00', 1831, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-25 18:00:00+00', 617, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.half_hours VALUES (2, '2026-10-25 18:30:00+00', 617, 0, 1800, 0, 0, true);
INSERT INTO smart_charge.outlets VALUES (1, 'home', '01GARAGE', 1, NULL, NULL, false, NULL);
INSERT INTO smart_charge.outlets VALUES (2, 'neighbour', '01KERB', 1, NULL, NULL, false, NULL);
INSERT INTO smart_charge.sales VALUES ('home', 1, '00000003-0000-4000-8000-000000000000', '2026-10-24 12:00:00+00', '2026-10-01', 'Wall 7', 'SN-1', 'B. Uyer', '1 High Street', '', NULL);
INSERT INTO smart_charge.sales VALUES ('home', 2, '00000004-0000-4000-8000-000000000000', '2026-10-24 12:00:00+00', '2026-10-01', 'Wall 7', 'SN-2', '', '', '', 1);
INSERT INTO smart_charge.sales VALUES ('neighbour', 1, '00000007-0000-4000-8000-000000000000', '2026-10-24 12:00:00+00', '2026-10-01', 'Wall 7', 'SN-1', 'B. Uyer', '1 High Street', '', NULL);
INSERT INTO smart_charge.sales VALUES ('neighbour', 2, '00000008-0000-4000-8000-000000000000', '2026-10-24 12:00:00+00', '2026-10-01', 'Wall 7', 'SN-2', '', '', '', 1);
INSERT INTO smart_charge.security_heads VALUES ('home', 1, 2, '580c7ddc76dc609009ff04fbdac08ba984c484647d4f8b3d8d8e6ba96a43b1d1', 65);
INSERT INTO smart_charge.security_heads VALUES ('neighbour', 1, 2, '7a9bb8818e324cf48899976dc9bc3fcaa0fb1ec7838fde573743d598035bf928', 65);
INSERT INTO smart_charge.security_log VALUES ('home', 1, '00000001-0000-4000-8000-000000000000', '2026-10-24 12:00:00+00', 'wrong_password', '{"address":"~52d515244c4161e2","port":9000}', '0000000000000000000000000000000000000000000000000000000000000000', 'efb9868596ee423f269a6c39c34b20c4c9d55e45c5fcb60e59c373a9346d5b4f');
INSERT INTO smart_charge.security_log VALUES ('home', 2, '00000002-0000-4000-8000-000000000000', '2026-10-24 13:00:00+00', 'settings_changed', '{"settings":["hours"]}', 'efb9868596ee423f269a6c39c34b20c4c9d55e45c5fcb60e59c373a9346d5b4f', '580c7ddc76dc609009ff04fbdac08ba984c484647d4f8b3d8d8e6ba96a43b1d1');
INSERT INTO smart_charge.security_log VALUES ('neighbour', 1, '00000005-0000-4000-8000-000000000000', '2026-10-24 12:00:00+00', 'wrong_password', '{"address":"~52d515244c4161e2","port":9000}', '0000000000000000000000000000000000000000000000000000000000000000', '093a69279e4bee2d9bb98974838671f12b36f28889cf035af68d6e46be84abe4');
INSERT INTO smart_charge.security_log VALUES ('neighbour', 2, '00000006-0000-4000-8000-000000000000', '2026-10-24 13:00:00+00', 'settings_changed', '{"settings":["hours"]}', '093a69279e4bee2d9bb98974838671f12b36f28889cf035af68d6e46be84abe4', '7a9bb8818e324cf48899976dc9bc3fcaa0fb1ec7838fde573743d598035bf928');
INSERT INTO smart_charge.sessions VALUES (1, '2026-10-24 12:00:00+00', '2026-10-24 16:00:00+00', '2026-10-24 12:01:00+00', '2026-10-24 15:00:00+00', '2026-10-24 16:00:00+00', false, 14000, 0, 10000, 3500000, 14000, true, NULL, NULL, NULL, 1, false, '04A2B3C4', 'Anna');
INSERT INTO smart_charge.sessions VALUES (1, '2026-10-25 08:00:00+00', '2026-10-25 11:00:00+00', '2026-10-25 08:00:00+00', '2026-10-25 10:00:00+00', '2026-10-25 11:00:00+00', false, 7321, 0, 7200, NULL, 0, true, NULL, NULL, NULL, 0, false, NULL, NULL);
INSERT INTO smart_charge.sessions VALUES (1, '2026-10-25 18:00:00+00', '2026-10-25 19:00:00+00', '2026-10-25 18:00:00+00', NULL, NULL, true, 1234, 0, 3600, NULL, 0, true, NULL, NULL, NULL, 0, false, NULL, NULL);
INSERT INTO smart_charge.sessions VALUES (2, '2026-10-24 12:00:00+00', '2026-10-24 16:00:00+00', '2026-10-24 12:01:00+00', '2026-10-24 15:00:00+00', '2026-10-24 16:00:00+00', false, 14000, 0, 10000, 3500000, 14000, true, NULL, NULL, NULL, 1, false, '04A2B3C4', 'Anna');
INSERT INTO smart_charge.sessions VALUES (2, '2026-10-25 08:00:00+00', '2026-10-25 11:00:00+00', '2026-10-25 08:00:00+00', '2026-10-25 10:00:00+00', '2026-10-25 11:00:00+00', false, 7321, 0, 7200, NULL, 0, true, NULL, NULL, NULL, 0, false, NULL, NULL);
INSERT INTO smart_charge.sessions VALUES (2, '2026-10-25 18:00:00+00', '2026-10-25 19:00:00+00', '2026-10-25 18:00:00+00', NULL, NULL, true, 1234, 0, 3600, NULL, 0, true, NULL, NULL, NULL, 0, false, NULL, NULL);
INSERT INTO smart_charge.smart_charge_place VALUES ('66878dbc736c47e09623f0b9fc956c85');
INSERT INTO smart_charge.smart_charge_version VALUES (6);
SELECT pg_catalog.setval('smart_charge.outlets_id_seq', 2, true);
SELECT pg_catalog.setval('smart_charge.smart_charge_version_version_seq', 1, false);
ALTER TABLE ONLY smart_charge.availability
    ADD CONSTRAINT availability_pkey PRIMARY KEY (outlet_id, began_at);
ALTER TABLE ONLY smart_charge.decisions
    ADD CONSTRAINT decisions_pkey PRIMARY KEY (outlet_id, at);
ALTER TABLE ONLY smart_charge.dsr_events
    ADD CONSTRAINT dsr_events_pkey PRIMARY KEY (outlet_id, event_id, announced_at);
ALTER TABLE ONLY smart_charge.half_hours
    ADD CONSTRAINT half_hours_pkey PRIMARY KEY (outlet_id, starts_at);
ALTER TABLE ONLY smart_charge.outlets
    ADD CONSTRAINT outlets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY smart_charge.outlets
    ADD CONSTRAINT outlets_site_charge_point_connector_key UNIQUE (site, charge_point, connector);
ALTER TABLE ONLY smart_charge.reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (site, quarter);
ALTER TABLE ONLY smart_charge.sales
    ADD CONSTRAINT sales_pkey PRIMARY KEY (site, number);
ALTER TABLE ONLY smart_charge.sales
    ADD CONSTRAINT sales_site_entry_id_key UNIQUE (site, entry_id);
ALTER TABLE ONLY smart_charge.security_heads
    ADD CONSTRAINT security_heads_pkey PRIMARY KEY (site);
ALTER TABLE ONLY smart_charge.security_log
    ADD CONSTRAINT security_log_pkey PRIMARY KEY (site, number);
ALTER TABLE ONLY smart_charge.security_log
    ADD CONSTRAINT security_log_site_event_id_key UNIQUE (site, event_id);
ALTER TABLE ONLY smart_charge.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (outlet_id, plugged_in_at);
ALTER TABLE ONLY smart_charge.smart_charge_place
    ADD CONSTRAINT smart_charge_place_pkey PRIMARY KEY (id);
ALTER TABLE ONLY smart_charge.smart_charge_version
    ADD CONSTRAINT smart_charge_version_pkey PRIMARY KEY (version);
CREATE INDEX sessions_by_plug_in ON smart_charge.sessions USING btree (plugged_in_at);
ALTER TABLE ONLY smart_charge.availability
    ADD CONSTRAINT availability_outlet_id_fkey FOREIGN KEY (outlet_id) REFERENCES smart_charge.outlets(id);
ALTER TABLE ONLY smart_charge.decisions
    ADD CONSTRAINT decisions_outlet_id_fkey FOREIGN KEY (outlet_id) REFERENCES smart_charge.outlets(id);
ALTER TABLE ONLY smart_charge.dsr_events
    ADD CONSTRAINT dsr_events_outlet_id_fkey FOREIGN KEY (outlet_id) REFERENCES smart_charge.outlets(id);
ALTER TABLE ONLY smart_charge.half_hours
    ADD CONSTRAINT half_hours_outlet_id_fkey FOREIGN KEY (outlet_id) REFERENCES smart_charge.outlets(id);
ALTER TABLE ONLY smart_charge.sessions
    ADD CONSTRAINT sessions_outlet_id_fkey FOREIGN KEY (outlet_id) REFERENCES smart_charge.outlets(id);
