{{- define "parlour.name" -}}
{{- $name := ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) (contains .Chart.Name .Release.Name) -}}
{{ $name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "parlour.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "parlour.labels" -}}
{{ include "parlour.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "parlour.secret" -}}
{{ .Values.secret.existingSecret | default (include "parlour.name" .) }}
{{- end }}

{{- /* The seconds that a server may take: those of preStop, of the notice to balancers, and of the rest of its end. */ -}}
{{- define "parlour.endSeconds" -}}
{{ add .Values.preStopSeconds .Values.drainSeconds 10 }}
{{- end }}

{{- define "parlour.probe" -}}
httpGet:
  path: {{ .path }}
  port: http
periodSeconds: {{ .periodSeconds }}
timeoutSeconds: {{ .timeoutSeconds }}
failureThreshold: {{ .failureThreshold }}
{{- end }}
